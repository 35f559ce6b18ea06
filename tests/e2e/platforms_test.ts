/** What docs/platforms.md says of other runtimes. */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { batches, createRng, mixture } from "../../lib/sampling/mod.ts";
import { ROOT } from "../_paths.ts";
import { inTempFolder } from "../_temp_folder.ts";

/** A program that says what it drew; `sampling` is the module. */
const PROGRAM = `
const rng = sampling.createRng(7, "draws");
const rows = [0, 1].map((domain) => [0, 1, 2].map((i) => ({
  domain,
  query: { id: domain + "-" + i, text: "query " + i },
  positives: [{ id: "p" + i, text: "passage " + i }],
  negatives: [],
})));
const drawn = [...sampling.batches(rows, sampling.mixture([3, 3], "uniform"), {
  size: 2, passages: 1, count: 5, seed: 3, names: ["a", "b"], prompts: ["", "find"],
})];
console.log(JSON.stringify([[1, 2, 3].map(() => rng.next()), drawn]));
`;

/** The files that load with a module, from the root of the repository. */
async function filesOf(module: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", module],
    cwd: ROOT,
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: { specifier: string }[];
  };
  return modules.map(({ specifier }) => {
    // Of a package or of Deno it would need there what Node may not have.
    assert.match(specifier, /^file:/, `${module} loads ${specifier}`);
    return relative(ROOT, fileURLToPath(specifier));
  });
}

const hasNode = await new Deno.Command("node", { args: ["--version"] })
  .output().then(({ success }) => success, () => false);

Deno.test({
  name: "the module sampling draws the same in Node",
  ignore: !hasNode,
  fn: () =>
    inTempFolder(async (folder) => {
      for (const file of await filesOf("lib/sampling/mod.ts")) {
        const source = await Deno.readTextFile(join(ROOT, file));
        assert.doesNotMatch(source, /\bDeno\./, file);
        const { outputText } = ts.transpileModule(source, {
          compilerOptions: {
            module: ts.ModuleKind.ESNext,
            target: ts.ScriptTarget.ES2022,
            rewriteRelativeImportExtensions: true,
          },
        });
        const to = join(folder, file.replace(/\.ts$/, ".js"));
        await Deno.mkdir(dirname(to), { recursive: true });
        await Deno.writeTextFile(to, outputText);
      }
      await Deno.writeTextFile(
        join(folder, "package.json"),
        '{"type":"module"}',
      );
      await Deno.writeTextFile(
        join(folder, "draw.js"),
        `import * as sampling from "./lib/sampling/mod.js";${PROGRAM}`,
      );
      const { stdout, stderr } = await new Deno.Command("node", {
        args: [join(folder, "draw.js")],
      }).output();
      const said = new TextDecoder().decode(stdout);
      assert.notEqual(said, "", new TextDecoder().decode(stderr));
      const ours: string[] = [];
      const console = { log: (text: string) => void ours.push(text) };
      const sampling = { batches, createRng, mixture };
      new Function("console", "sampling", PROGRAM)(console, sampling);
      assert.equal(said.trim(), ours[0]);
      assert.match(said, /Instruct: find/);
    }),
});
