/**
 * What loads before a command starts its work. Nothing heavy may: help and
 * complaints must come at once.
 */
import assert from "node:assert/strict";
import { ROOT } from "../_paths.ts";

interface Module {
  specifier: string;
  dependencies?: { code?: { specifier: string }; isDynamic?: boolean }[];
}

/** Modules of the command line by specifier; those that load later included. */
async function moduleGraph(): Promise<Map<string, Module>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "lib/cli/mod.ts"],
    cwd: ROOT,
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  return new Map(modules.map((module: Module) => [module.specifier, module]));
}

const graph = await moduleGraph();
const specifier = (path: string) => `${new URL(`file://${ROOT}${path}`)}`;

/** Everything that loads together with a module, itself included. */
function loadedWith(path: string): string[] {
  const found = new Set<string>();
  const visit = (module: string) => {
    if (found.has(module)) return;
    found.add(module);
    for (const { code, isDynamic } of graph.get(module)?.dependencies ?? []) {
      // Type imports have no `code`; dynamic ones load when called for.
      if (code && !isDynamic) visit(code.specifier);
    }
  };
  assert.ok(graph.has(specifier(path)), `${path} isn't in the graph`);
  visit(specifier(path));
  return [...found];
}

const packagesOf = (modules: string[]) =>
  modules.filter((module) => module.startsWith("npm:"))
    .map((module) => module.replace(/@[^@]*$/, ""));

Deno.test("tdro --help loads the cli alone, without any package", () => {
  const modules = loadedWith("lib/cli/mod.ts");
  const others = modules.filter((module) =>
    !module.startsWith("node:") && !/\/lib\/(?:cli|base)\//.test(module)
  );
  assert.deepEqual(others, []);
});

Deno.test("no command loads more than schemas before it runs", async () => {
  let commands = 0;
  for await (const path of filesOf("lib/cli/commands")) {
    const text = await Deno.readTextFile(`${ROOT}${path}`);
    if (!text.includes("export const command: Command<")) continue;
    commands++;
    const packages = packagesOf(loadedWith(path));
    assert.deepEqual(packages.filter((p) => p !== "npm:zod"), [], path);
  }
  assert.ok(commands >= 15);
});

async function* filesOf(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}${folder}`)) {
    if (isDirectory) yield* filesOf(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

Deno.test("the graph does show tfjs where it loads", () => {
  // Otherwise the tests above would pass whatever is imported.
  const packages = packagesOf(loadedWith("lib/experiment/mod.ts"));
  assert.ok(packages.includes("npm:@tensorflow/tfjs-core"));
});
