/**
 * Each command under the permissions that the table of commands tells, in a process
 * of its own with no others; and without each of them, where it must say so in one
 * line. Commands of one set share a process.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { useBackend } from "../../lib/backend/mod.ts";
import { COMMANDS, type Permission } from "../../lib/cli/table.ts";
import { writeSuite } from "../../lib/data/mod.ts";
import {
  addLora,
  disposeEncoder,
  mergeLora,
  saveEncoder,
  saveLora,
} from "../../lib/model/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import { bytesOf } from "../data/benchmarks/_files.ts";
import { ROOT } from "../_paths.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toySuite } from "../_toy_suite.ts";
import { type Outcome, tdro } from "./_capture.ts";
import { serveHub } from "./_local_hub.ts";
import { tempFolder } from "../_temp_folder.ts";

/** Settings under which training takes a second. */
const QUICK = [
  ...["--steps", "1", "--batch-size", "2", "--hidden-size", "8", "--heads"],
  ...["1", "--layers", "1", "--vocab-size", "100", "--backend", "wasm"],
];
const RUN = [...QUICK, "--weight-steps", "2", "--weight-batch-size", "2"]
  .concat(["--weight-passages", "2"]);

/** A line for each command that it can finish; paths are in the test's folder. */
const LINES: Record<string, string[]> = {
  version: [],
  completion: ["bash"],
  "data list": [],
  doctor: [],
  "data check": ["suite"],
  "data clean": ["--suite", "suite"],
  "data audit": ["--suite", "suite", "--negatives", "mined", "--model", "base"]
    .concat(["--backend", "wasm"]),
  mine: ["--suite", "suite"],
  "llm judge": ["--suite", "suite", "--negatives", "mined", "--llm", "small"]
    .concat("--dry-run"),
  "llm queries": ["--suite", "suite", "--llm", "small", "--dry-run"],
  "llm negatives": ["--suite", "suite", "--llm", "small", "--dry-run"],
  "llm compare": ["--suite", "suite", "--arm", "bm25", "--arm", "other=mined"]
    .concat(["--seeds", "1", "--out", "compared", ...QUICK]),
  "llm passages": ["--suite", "suite", "--llm", "small", "--dry-run"],
  score: ["--qrels", "q.qrels", "--run", "r.run"],
  eval: ["--suite", "suite", "--model", "base", "--backend", "wasm"],
  "eval diff": ["e.json", "e.json"],
  "eval pool": ["--suite", "suite", "--models", "base", "--out", "pool.json"]
    .concat(["--backend", "wasm"]),
  "weights fit": ["--ratios", "ratios.csv", "--metrics", "metrics.csv"]
    .concat(["--out", "fitted.json"]),
  "weights show": ["run/weights.json"],
  "weights explain": ["run"],
  "weights replay": ["run"],
  "model info": ["base"],
  run: ["--suite", "suite", "--out", "run2", ...RUN],
  train: ["--suite", "suite", "--out", "trained", ...QUICK],
  scale: ["--suite", "suite", "--out", "grid", "--sizes", "1x8", "--data"]
    .concat(["1", "--steps", "1", "--vocab-size", "80", "--backend", "wasm"]),
  distil: ["--suite", "suite", "--teacher", "base", "--out", "distilled"]
    .concat(["--student", "layers:1", "--backend", "wasm", "--steps", "1"]),
  arena: ["--suite", "suite", "--out", "arena", "--seeds", "1", ...QUICK]
    .concat(["--strategies", "uniform,proportional"]),
  "arena plan": ["--suite", "suite", "--out", "plan2", "--seeds", "1"]
    .concat(QUICK, "--strategies", "uniform"),
  plan: ["done", "--for", "parallel"],
  work: ["plan", "--index", "1"],
  "arena collect": ["done"],
  search: ["--suite", "suite", "--model", "base", "--backend", "wasm", "bird"],
  serve: ["run", "--suite", "suite", "--backend", "wasm"],
  report: ["run"],
  runs: ["."],
  export: ["run", "--to", "mlflow"],
  embed: ["--suite", "suite", "--model", "base", "--to", "npy", "--out"]
    .concat(["vectors", "--backend", "wasm"]),
  handoff: ["run", "--suite", "suite", "--to", "sentence-transformers"]
    .concat(["--backend", "wasm"]),
  plots: ["run", "--out", "plots"],
  "weights select": ["run/weights.json", "--out", "top.json"],
  "data import": ["t.csv", "--out", "imported"],
  "model check": ["base", "--backend", "wasm"],
  "model convert": ["base", "--dtype", "float16", "--out", "half"],
  "model merge": ["base", "--adapter", "adapter", "--out", "merged"],
  "model export": ["base", "--out", "onnx"],
  "data pull": ["beir/scifact", "--out", "pulled", "--files", "files"],
  "model pull": ["owner/model", "--out", "model"],
  "model push": ["base", "owner/model"],
  "data docs-suite": ["--tasks", "vega-keywords", "--out", "docs"],
  demo: ["--suite-folder", "docs2", "--out", "demo", ...RUN],
  setup: [],
};

/** What isn't run to its end: it would take half a minute, install things, or stay. */
const UNFINISHED = ["demo", "setup", "serve"];

const needs = (name: string) =>
  COMMANDS.find((entry) => entry.name === name)!.needs;

interface World extends AsyncDisposable {
  folder: string;
  /** Runs lines in one process with these flags of Deno. */
  run(flags: string[], names: string[]): Promise<Outcome[]>;
  /** Flags that grant a set of permissions, and as little of each as can be. */
  flags(permissions: readonly Permission[]): string[];
}

Deno.test("every command has a line in this test", () => {
  const names = COMMANDS.map(({ name }) => name).sort();
  assert.deepEqual(Object.keys(LINES).sort(), names);
});

Deno.test("help needs no permission at all", async () => {
  const { code, out, err } = await deno([], [
    "lib/cli/mod.ts",
    "run",
    "--help",
  ]);
  assert.equal(code, 0, err);
  assert.match(out, /^Permissions:\n {2}needed +--allow-read --allow-write$/m);
});

Deno.test("commands under the permissions that the table tells", async (t) => {
  await using world = await makeWorld();
  await t.step("without one of them a line says so", () => withoutOne(world));
  await t.step("all end well with these alone", () => withTheseAlone(world));
  await t.step({
    name: "serve answers with these alone, until Ctrl-C",
    ignore: Deno.build.os === "windows",
    fn: () => serveAlone(world),
  });
});

async function withTheseAlone({ flags, run }: World): Promise<void> {
  const sets = Map.groupBy(
    Object.keys(LINES).filter((name) => !UNFINISHED.includes(name)),
    (name) => needs(name).join(),
  );
  assert.ok(sets.size >= 5);
  for (const names of sets.values()) {
    const outcomes = await run(flags(needs(names[0]!)), names);
    outcomes.forEach(({ code, err }, i) =>
      assert.equal(code, 0, `${names[i]}: ${err}`)
    );
  }
}

async function serveAlone({ folder }: World): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--quiet", "--allow-read"]
      .concat(
        ["--allow-net=127.0.0.1", "--config", `${ROOT}deno.json`],
        [`${ROOT}lib/cli/mod.ts`, "serve", ...LINES.serve!],
      ),
    cwd: folder,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const out = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const said = new Response(child.stderr).text();
  const { value = "" } = await out.read();
  try {
    assert.match(value, /^http:\/\/127\.0\.0\.1:\d+\/\n$/);
    for (const column of ["top", "bm25"]) {
      const values = { task: "places", q: "the place", column };
      const response = await fetch(
        `${value.trim()}api/search?${new URLSearchParams(values)}`,
      );
      const answer = await response.text();
      const [last] = answer.trimEnd().split("\n").slice(-1);
      assert.equal(JSON.parse(last!).hits?.length, 10, answer);
    }
  } finally {
    child.kill("SIGINT");
  }
  assert.equal((await child.status).code, 130);
  await out.cancel();
  assert.match(await said, /\ninterrupted\n$/);
}

async function withoutOne({ folder, run }: World): Promise<void> {
  const there = async () =>
    Object.keys(await filesOf(folder)).filter((path) =>
      // What a broken download has stays, for the next one to go on from.
      !path.startsWith("tmp/") && !/\.part(\.etag)?$/.test(path)
    ).sort();
  const before = await there();
  for (const kind of new Set(COMMANDS.flatMap(({ needs }) => needs))) {
    const names = Object.keys(LINES).filter((name) =>
      needs(name).includes(kind) &&
      // Set up already it does without them; else it would begin to.
      !(name === "setup" && ["write", "run", "ffi"].includes(kind))
    );
    const outcomes = await run(["--allow-all", `--deny-${kind}`], names);
    outcomes.forEach(({ code, out, err }, i) => {
      const said = `${names[i]} without ${kind}: ${code} ${out}${err}`;
      assert.equal(code, 2, said);
      assert.equal(out, "", said);
      const line = new RegExp(
        `(?:^|\\n)error: Cannot [^\\n]*--allow-${kind}\\b[^\\n]*\\n$`,
      );
      assert.match(err, line, said);
    });
    assert.deepEqual(await there(), before, `left behind without ${kind}`);
  }
}

Deno.test("demo needs what building the suite and running need", () => {
  const both = [...needs("data docs-suite"), ...needs("run")];
  assert.deepEqual(new Set(needs("demo")), new Set(both));
});

Deno.test("what a command uses beyond its needs is no part of them", () => {
  for (const { name, needs, uses = [] } of COMMANDS) {
    assert.equal(
      new Set([...needs, ...uses]).size,
      needs.length + uses.length,
      name,
    );
  }
});

Deno.test("deno task tdro, demo and the others grant what their commands need", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const granted = (task: string) =>
    [...tasks[task].command.matchAll(/--allow-(\w+)/g)].map(([, kind]) => kind);
  const all = new Set(
    COMMANDS.flatMap(({ needs, uses = [] }) => [...needs, ...uses]),
  );
  assert.deepEqual(new Set(granted("tdro")), all);
  for (const name of ["demo", "setup"]) {
    for (const kind of needs(name)) {
      assert.ok(granted(name).includes(kind), name);
    }
  }
  for (const task of ["tdro:read", "tdro:offline", "tdro:pull"]) {
    for (const kind of granted(task)) assert.ok(all.has(kind as Permission));
    for (const kind of ["run", "ffi", "sys"]) {
      assert.ok(!granted(task).includes(kind), `${task}: ${kind}`);
    }
  }
  assert.deepEqual(granted("tdro:read"), ["read"]);
  assert.deepEqual(granted("tdro:offline"), ["read", "write", "env"]);
  assert.deepEqual(new Set(granted("tdro:pull")), new Set(needs("data pull")));
});

Deno.test("docs/security.md has the table of commands", async () => {
  const page = await Deno.readTextFile(`${ROOT}docs/security.md`);
  const rows = [
    ...page.matchAll(/^\| `tdro ([^`]+)` +\| ([^|]*)\| ([^|]*)\|/gm),
  ]
    .map(([, name, needs, uses]) => [name, kinds(needs!), kinds(uses!)]);
  assert.deepEqual(
    rows.sort(),
    COMMANDS.map(({ name, needs, uses = [] }) => [name, [...needs], [...uses]])
      .sort(),
  );
});

function kinds(cell: string): string[] {
  return cell.split(/[\s`,]+/).filter((word) => word !== "" && word !== "–");
}

/** Runs a program of the repository with these flags, asking nobody. */
async function deno(
  flags: readonly string[],
  [program, ...args]: readonly string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--quiet", ...flags].concat(
      ["--config", `${ROOT}deno.json`, `${ROOT}${program}`, ...args],
    ),
    ...options,
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

async function makeWorld(): Promise<World> {
  const folder = await tempFolder();
  const at = (name: string) => join(folder, name);
  const { name, tasks } = toySuite();
  await writeSuite({ name, tasks: tasks.slice(1) }, at("suite"));
  await Deno.mkdir(at("tmp"));
  await Deno.writeTextFile(at("t.csv"), "question,answer\nWhen?,At nine\n");
  await Deno.writeTextFile(at("q.qrels"), "q1 0 p1 1\n");
  await Deno.writeTextFile(at("r.run"), "q1 Q0 p1 1 1.0 x\n");
  await Deno.writeTextFile(at("ratios.csv"), "run,a,b\nx,1,0\ny,0,1\n");
  await Deno.writeTextFile(at("metrics.csv"), "run,loss\nx,1\ny,2\n");
  await useBackend("cpu");
  const encoder = smallEncoder();
  await saveEncoder(encoder, at("base"));
  const adapted = addLora(encoder, { rank: 2, rng: createRng(1, "lora") });
  await saveLora(adapted, at("adapter"));
  disposeEncoder(mergeLora(adapted));
  for (
    const words of [
      ["eval", "--suite", at("suite"), "--bm25", "--out", at("e.json")],
      ["mine", "--suite", at("suite"), "--out", at("mined")],
    ]
  ) assert.equal((await tdro(...words)).code, 0);

  const gzip = (name: string) => bytesOf(name, [{ _id: "x", text: "x" }]);
  const hub = serveHub({
    "models/owner/model": await filesOf(at("base")),
    "datasets/BeIR/scifact": {
      "corpus.jsonl.gz": gzip("corpus.jsonl.gz"),
      "queries.jsonl.gz": gzip("queries.jsonl.gz"),
    },
    "datasets/BeIR/scifact-qrels": {
      "test.tsv": bytesOf("test.tsv", "query-id\tcorpus-id\tscore\nx\tx\t1\n"),
    },
  });
  const env = {
    HF_ENDPOINT: hub.url,
    HF_TOKEN: "token",
    TMPDIR: at("tmp"),
    NO_COLOR: "1",
  };
  const inFolder = { cwd: folder, env };
  // As it is typed, with what a run on WebAssembly is told to need.
  const typed = ["--allow-read", "--allow-env", `--allow-write=${at("run")}`];
  const words = ["run", "--suite", "suite", "--out", "run", ...RUN];
  const first = await deno(typed, ["lib/cli/mod.ts", ...words], inFolder);
  assert.equal(first.code, 0, first.err);
  await withPlans(at);

  return {
    folder,
    flags: (permissions) =>
      permissions.map((kind) =>
        kind === "write"
          ? `--allow-write=${folder}`
          : kind === "net"
          ? `--allow-net=${new URL(hub.url).host}`
          : `--allow-${kind}`
      ),
    async run(flags, names) {
      const lines = names.map((name) => [...name.split(" "), ...LINES[name]!]);
      const program = ["tests/cli/_granted.ts", JSON.stringify(lines)];
      const { out, err } = await deno(flags, program, inFolder);
      const last = out.trimEnd().split("\n").at(-1)!;
      assert.ok(last.startsWith("["), `${flags}: ${out}${err}`);
      return JSON.parse(last);
    },
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** A plan to work on, and one whose jobs are done. */
async function withPlans(at: (name: string) => string): Promise<void> {
  for (const name of ["plan", "done"]) {
    const words = ["--suite", at("suite"), "--out", at(name), "--seeds", "1"]
      .concat(QUICK, "--strategies", "uniform");
    assert.equal((await tdro("arena", "plan", ...words)).code, 0);
  }
  assert.equal((await tdro("work", at("done"))).code, 0);
}

/** Files of a folder and those below it, by their paths in it. */
async function filesOf(
  folder: string,
  below = "",
): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for await (const { name, isDirectory } of Deno.readDir(join(folder, below))) {
    const path = `${below}${name}`;
    if (isDirectory) Object.assign(files, await filesOf(folder, `${path}/`));
    else files[path] = await Deno.readFile(join(folder, path));
  }
  return files;
}
