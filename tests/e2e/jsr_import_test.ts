/**
 * The package as a stranger meets it: published by `deno publish` to a registry
 * on this machine, imported by a project outside the repository that has neither
 * our import map nor our lock file. Only the npm packages come out of the
 * machine's own cache (or its registry, where that cache lacks one).
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../_paths.ts";
import { findInstallation } from "../../lib/backend/setup/tensorflow.ts";
import { executeNotebook, whyNoJupyter } from "./_execute_notebook.ts";
import { joined, readNotebook } from "./_extract_cells.ts";
import { type JsrRegistry, publish, startRegistry } from "./_jsr_registry.ts";

const REQUIRE = (what: string) => Deno.env.get(`TDRO_REQUIRE_${what}`) === "1";

/** A folder outside the repository, and what its programs are run with. */
interface Project extends AsyncDisposable {
  folder: string;
  env: Record<string, string>;
  /** Runs `deno` there; what it printed on standard output. */
  deno(...args: string[]): Promise<string>;
}

/** A project of somebody else's: empty, but for the files named. */
async function startProject(
  registry: JsrRegistry,
  files: string[] = [],
): Promise<Project> {
  const home = await Deno.makeTempDir({ prefix: "tdro-stranger-" });
  const folder = join(home, "project");
  const cache = join(home, "deno");
  await Deno.mkdir(folder);
  await Deno.mkdir(cache);
  await Deno.symlink(await npmCache(), join(cache, "npm"));
  for (const name of files) {
    await Deno.copyFile(
      join(ROOT, "tests/e2e/jsr_project", name),
      join(folder, name),
    );
  }
  const env = { JSR_URL: registry.url, DENO_DIR: cache, NO_COLOR: "1" };
  return {
    folder,
    env,
    async deno(...args) {
      const { success, stdout, stderr } = await new Deno.Command(
        Deno.execPath(),
        { args, cwd: folder, env },
      ).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout);
    },
    [Symbol.asyncDispose]: () => Deno.remove(home, { recursive: true }),
  };
}

/** Where this machine keeps npm packages. */
async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).npmCache;
}

Deno.test("the package is published with what it needs and nothing else", async () => {
  await using registry = await startRegistry();
  const listed = await publish(registry);
  const { files, exports, version } = registry.packages.get("@tdro/tdro")!;
  assert.deepEqual([...files.keys()].sort(), listed);
  const config = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  assert.deepEqual({ exports, version }, {
    exports: config.exports,
    version: config.version,
  });
  for (const path of listed) {
    assert.match(
      path,
      /^\/(lib\/|data\/catalogue\.json$|docs\/[\w-]+\.md$|mod\.ts$|[A-Z]+(\.md)?$|deno\.(json|lock)$)/,
    );
    // What JSR takes for a path, and for an import.
    assert.match(path, /^[\w$()+\-.@[\]{}~/]{1,154}$/);
    if (!path.endsWith(".ts")) continue;
    const text = new TextDecoder().decode(files.get(path));
    // Imported from JSR a module has no path: `with { type: "text" }` imports a
    // file wherever it lies, and needs no permission.
    assert.doesNotMatch(
      text,
      /import\.meta\.(dirname|filename)|(createRequire|fileURLToPath)\(import\.meta\.url|new URL\([^()]*, *import\.meta\.url/,
      path,
    );
    for (
      const [line, from] of text.matchAll(
        /^(?:import|export)\b[^;]*? from "([^"]+)";$/gm,
      )
    ) {
      assert.match(from!, /^(\.{1,2}\/|npm:|jsr:|node:)/, `${path}: ${line}`);
    }
  }
  const total = [...files.values()].reduce(
    (sum, { length }) => sum + length,
    0,
  );
  assert.ok(total < 20e6, `${total} bytes`);
});

Deno.test("a script elsewhere trains with the package from JSR", async (t) => {
  await using registry = await startRegistry();
  await publish(registry);
  await using project = await startProject(registry, ["train.ts"]);
  const weights: number[][] = [];
  for (const backend of ["wasm", "tensorflow"]) {
    await t.step({
      name: backend,
      ignore: backend === "tensorflow" && !REQUIRE("TENSORFLOW") &&
        !findInstallation(),
      fn: async () => {
        const result = JSON.parse(
          await project.deno("run", "--allow-all", "train.ts", backend),
        );
        assert.equal(result.backend, backend);
        assert.equal(result.losses.length, 30);
        const mean = (part: number[]) =>
          part.reduce((sum, x) => sum + x) / part.length;
        assert.ok(
          mean(result.losses.slice(-10)) < mean(result.losses.slice(0, 10)) / 2,
        );
        const sum = result.weights[0] + result.weights[1];
        assert.ok(Math.abs(sum - 1) < 1e-9 && result.weights[0] !== 0.5);
        for (const ndcg of result.ndcg) assert.ok(ndcg > 0 && ndcg <= 1);
        weights.push(result.weights);
      },
    });
  }
  await t.step({
    name: "the check that ends a set-up runs from JSR",
    ignore: !REQUIRE("TENSORFLOW") && !findInstallation(),
    fn: async () => {
      const { version } = registry.packages.get("@tdro/tdro")!;
      await project.deno(
        ...["run", "--allow-all", "--no-lock"],
        `${registry.url}@tdro/tdro/${version}/lib/backend/setup/check_matmul.ts`,
        JSON.stringify(findInstallation()),
      );
    },
  });
  await t.step(
    "no lock file of ours is asked for, types are right",
    async () => {
      await project.deno("check", "train.ts");
    },
  );
});

Deno.test("the command line runs from JSR", async () => {
  await using registry = await startRegistry();
  await publish(registry);
  await using project = await startProject(registry);
  const cli = ["run", "--allow-all", "jsr:@tdro/tdro/cli"];
  assert.match(await project.deno(...cli, "--help"), /^Start here:$/m);
  const version = JSON.parse(await project.deno(...cli, "version", "--json"));
  const config = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  assert.equal(version.tdro, config.version);
  const doctor = JSON.parse(await project.deno(...cli, "doctor", "--json"));
  const wasm = doctor.rows.find((row: { backend: string }) =>
    row.backend === "wasm"
  );
  assert.equal(wasm.usable, true);
  const root = join(project.folder, "installed");
  await project.deno(
    ...["install", "--global", "--allow-all", "--root", root],
    ...["--name", "tdro", "jsr:@tdro/tdro/cli"],
  );
  const installed = await new Deno.Command(join(root, "bin/tdro"), {
    args: ["weights", "--help"],
    env: project.env,
  }).output();
  assert.match(new TextDecoder().decode(installed.stdout), /weights show/);
  // Files that the package carries are found although there is no folder of it.
  await project.deno(
    ...cli,
    ...["data", "docs-suite", "--out", "suite"],
    ...["--tasks", "web-paraphrase,tfjs-ops"],
  );
  assert.match(
    await project.deno(...cli, "data", "check", "suite"),
    /2 tasks are well formed/,
  );
  // The whole pipeline, down to the report with the libraries inside.
  const summary = JSON.parse(
    await project.deno(
      ...[...cli, "run", "--suite", "suite", "--out", "run", "--json"],
      ...["--backend", "wasm", "--steps", "2", "--weight-steps", "2"],
      ...["--vocab-size", "500", "--hidden-size", "16"],
    ),
  );
  assert.equal(summary.tasks.length, 2);
  const report = await Deno.readTextFile(
    join(project.folder, "run/report.html"),
  );
  assert.match(report, /web-paraphrase[\s\S]*<\/html>/);
  // Libraries for the browser are read out of the npm cache.
  assert.match(report, /vega-embed \d/);
});

const noJupyter = whyNoJupyter();

Deno.test({
  name: "a notebook elsewhere trains with the package from JSR",
  ignore: noJupyter !== undefined && !REQUIRE("JUPYTER"),
  fn: async () => {
    await using registry = await startRegistry();
    await publish(registry);
    await using project = await startProject(registry, ["notebook.ipynb"]);
    const out = join(project.folder, "out.ipynb");
    await executeNotebook([join(project.folder, "notebook.ipynb"), out], {
      env: project.env,
      seconds: 600,
    });
    const { cells } = await readNotebook(out);
    const outputs = (id: string) => cells.find((c) => c.id === id)!.outputs!;
    assert.equal(joined(outputs("train")[0]!.text!), "12 steps\n");
    assert.match(
      joined(outputs("table")[0]!.data!["text/html"] as string),
      /web-paraphrase/,
    );
    assert.match(
      joined(outputs("plot")[0]!.data!["image/svg+xml"] as string),
      /^<svg/,
    );
  },
});
