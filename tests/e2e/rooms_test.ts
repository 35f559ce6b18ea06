import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { ROOT } from "../_paths.ts";

/** An import of one file by another; paths from the root of the repository. */
interface Import {
  from: string;
  to: string;
  /** Whether types alone are imported, which costs and binds nothing at run time. */
  typeOnly: boolean;
  /** Whether it is loaded when a function asks for it. */
  dynamic?: boolean;
}

/** A module with the files and packages that load with it, as soon as it loads. */
type StaticGraph = Map<string, string[]>;

/**
 * What each room may import, besides itself: rooms in full, and rooms' types.
 * All may import base, the ground floor.
 */
const ALLOWED: Record<string, { code: string[]; types?: string[] }> = {
  base: { code: [] },
  workers: { code: [] },
  backend: { code: [] },
  data: { code: ["report"] },
  docs_suite: { code: ["data", "report"] },
  sampling: { code: [], types: ["data"] },
  model: { code: ["backend", "report", "workers"] },
  train: {
    code: ["backend", "model", "sampling", "workers"],
    types: ["data"],
  },
  dro: {
    code: ["backend", "model", "report", "sampling", "train"],
    types: ["data"],
  },
  search: { code: [], types: ["data", "model"] },
  eval: { code: ["data", "model", "report", "search"] },
  llm: { code: ["data", "search"] },
  report: { code: [] },
  experiment: {
    code: [
      "backend",
      "data",
      "dro",
      "eval",
      "model",
      "report",
      "sampling",
      "search",
      "train",
      "workers",
    ],
  },
  cli: {
    code: [
      "backend",
      "data",
      "docs_suite",
      "dro",
      "eval",
      "experiment",
      "llm",
      "model",
      "report",
      "sampling",
      "search",
      "train",
      "workers",
    ],
  },
};

/**
 * Files of dro that drive or simulate a training, or read and write files. All others
 * must be readable with the paper in one hand: they import no other room.
 */
const NOT_UPDATES = [
  "learn_weights",
  "mod",
  "files/read_weight_file",
  "files/save_weight_files",
  "log/read_loss_log",
  "weight_noise",
].map((name) => `lib/dro/${name}.ts`);

/** `lib/dro/mod.ts` → `dro`; the root's files have none. */
function roomOf(path: string): string | undefined {
  return /^lib\/([^_/][^/]*)\//.exec(path)?.[1];
}

/** Why an import is wrong; `undefined` if it's right. */
function whyWrong({ from, to, typeOnly, dynamic }: Import): string | undefined {
  const room = roomOf(from);
  const other = roomOf(to);
  if (other === undefined || other === room) return;
  if (room === undefined) {
    if (from !== "mod.ts") return "it is no room itself";
    return other === "cli" ? "nobody imports cli" : undefined;
  }
  if (ALLOWED[room] === undefined) return `${room} isn't in the table of rooms`;
  if (other === "base") return;
  const { code, types = [] } = ALLOWED[room];
  if (!code.includes(other) && !types.includes(other)) {
    return `${room} may not import ${other}`;
  }
  if (room === "dro" && !NOT_UPDATES.includes(from)) {
    // The fixed mixtures are those of sampling.
    if (!from.startsWith("lib/dro/strategies/") || other !== "sampling") {
      return "the update files of dro import no other room";
    }
  }
  if (typeOnly) return;
  if (!code.includes(other)) return `${room} may import only types of ${other}`;
  // Through the door. What is loaded when it's needed may be just the one file,
  // and so may the schemas that `--help` reads.
  if (to.endsWith("/mod.ts") || dynamic) return;
  if (room === "cli" && isSchema(to)) return;
  return `code of ${other} is imported by a mod.ts`;
}

/** Files that load nothing but zod. */
function isSchema(path: string): boolean {
  return /_(?:options|defaults)\.ts$|\/defaults\.ts$/.test(path);
}

function wrongImports(imports: readonly Import[]): string[] {
  return imports.flatMap((entry) => {
    const why = whyWrong(entry);
    return why ? [`${entry.from} imports ${entry.to}: ${why}`] : [];
  });
}

/** Everything that loads with a module, itself included. */
function reached(graph: StaticGraph, start: string): Set<string> {
  const found = new Set<string>();
  const visit = (module: string) => {
    if (found.has(module)) return;
    found.add(module);
    graph.get(module)?.forEach(visit);
  };
  visit(start);
  return found;
}

interface Graph {
  modules: {
    specifier: string;
    error?: string;
    dependencies?: {
      code?: { specifier?: string };
      type?: { specifier?: string };
      isDynamic?: boolean;
    }[];
  }[];
}

/** All imports among the files of the repository, as Deno sees them. */
async function readImports(): Promise<
  { files: Set<string>; imports: Import[]; graph: StaticGraph }
> {
  const root = pathToFileURL(ROOT).href;
  const short = (specifier: string) =>
    specifier.startsWith(root) ? specifier.slice(root.length) : specifier;
  const files = new Set<string>();
  const imports: Import[] = [];
  const graph: StaticGraph = new Map();
  for (const entry of entries()) {
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      { args: ["info", "--json", entry], cwd: ROOT },
    ).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
    for (const { specifier, error, dependencies = [] } of modules) {
      assert.equal(error, undefined, specifier);
      const from = short(specifier);
      if (from === specifier || files.has(from)) continue;
      files.add(from);
      const loads: string[] = [];
      for (const { code, type, isDynamic } of dependencies) {
        const to = code?.specifier ?? type?.specifier;
        assert.ok(to !== undefined, `${from}: an import that leads nowhere`);
        imports.push({
          from,
          to: short(to),
          typeOnly: code === undefined,
          dynamic: isDynamic ?? false,
        });
        if (code?.specifier && !isDynamic) loads.push(short(code.specifier));
      }
      graph.set(from, loads);
    }
  }
  return { files, imports, graph };
}

/** The modules that people import, as deno.json names them. */
function entries(): string[] {
  const config = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  return Object.values<string>(config.exports);
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

const repository = await readImports();

Deno.test("rooms import only what stands above them", () => {
  assert.deepEqual(wrongImports(repository.imports), []);
});

Deno.test("every room is in the table, every file of a room is reached", async () => {
  // A file that no entry reaches would escape the rules, and is dead besides.
  const all = await Array.fromAsync(sources("lib"));
  const rooms = new Set(all.map(roomOf).filter((room) => room !== undefined));
  assert.deepEqual([...rooms].sort(), Object.keys(ALLOWED).sort());
  for (const file of NOT_UPDATES) assert.ok(all.includes(file), file);
  const dead = all.filter((path) => !repository.files.has(path));
  assert.deepEqual(dead.filter((path) => roomOf(path) !== undefined), []);
});

Deno.test("doors name what they let out, and the front door is small", async () => {
  const doors = (await Array.fromAsync(sources("lib")))
    .filter((path) => path.endsWith("/mod.ts"));
  assert.ok(doors.length > 10);
  for (const door of [...doors, "mod.ts"]) {
    const text = await Deno.readTextFile(`${ROOT}${door}`);
    assert.doesNotMatch(text, /^export (?:type )?\*/m, door);
  }
  const front = await import("../../mod.ts");
  const values = Object.keys(front);
  assert.ok(values.length >= 30 && values.length <= 45, `${values.length}`);
});

for (const room of ["data", "sampling", "search", "eval", "llm", "report"]) {
  Deno.test(`${room} loads without tfjs`, () => {
    const modules = reached(repository.graph, `lib/${room}/mod.ts`);
    assert.ok(modules.size > 3, "the graph is empty");
    const heavy = [...modules].filter((m) => /tensorflow|tfjs/.test(m));
    assert.deepEqual(heavy, []);
  });
}

Deno.test("the weight update loads nothing but itself", () => {
  const modules = reached(repository.graph, "lib/dro/update/step_weights.ts");
  assert.ok(modules.has("lib/dro/update/measure_losses.ts"));
  const others = [...modules].filter((m) => !/^lib\/(?:dro|base)\//.test(m));
  assert.deepEqual(others, []);
});

Deno.test("Deno tells tfjs apart from what has none", () => {
  // Otherwise the tests above would pass whatever is imported.
  const modules = reached(repository.graph, "lib/train/mod.ts");
  assert.ok([...modules].some((m) => m.includes("tensorflow/tfjs-core")));
});

Deno.test("an import in the wrong direction is found", () => {
  const right: [from: string, to: string, how?: "type" | "dynamic"][] = [
    ["lib/docs_suite/recipe.ts", "lib/data/mod.ts"],
    ["lib/model/config/config.ts", "lib/base/files/write_whole.ts"],
    ["lib/backend/mod.ts", "lib/base/files/exists.ts"],
    ["lib/model/encode/encoder.ts", "lib/backend/kernels/mod.ts"],
    ["lib/train/train.ts", "lib/data/types.ts", "type"],
    ["lib/search/exact/top_k.ts", "lib/model/types.ts", "type"],
    ["lib/dro/learn_weights.ts", "lib/train/mod.ts"],
    ["lib/dro/strategies/tdro.ts", "lib/sampling/mod.ts"],
    ["lib/cli/commands/run.ts", "lib/experiment/mod.ts"],
    ["lib/cli/commands/run.ts", "lib/experiment/experiment_options.ts"],
    ["lib/cli/commands/eval/eval.ts", "lib/report/tables/a.ts", "dynamic"],
    ["mod.ts", "lib/experiment/mod.ts"],
  ];
  const wrong: typeof right = [
    ["lib/data/a.ts", "lib/model/mod.ts", "type"],
    ["lib/report/notebook/show.ts", "lib/data/types.ts", "type"],
    ["lib/base/a.ts", "lib/data/types.ts", "type"],
    ["lib/eval/evaluate.ts", "lib/data/beir/open_task.ts"],
    ["lib/sampling/batches.ts", "lib/data/mod.ts"],
    ["lib/model/config/config.ts", "lib/data/types.ts", "type"],
    ["lib/train/train.ts", "lib/data/mod.ts"],
    ["lib/train/train.ts", "lib/dro/mod.ts", "type"],
    ["lib/search/exact/top_k.ts", "lib/model/mod.ts"],
    ["lib/dro/update/step_weights.ts", "lib/train/mod.ts", "type"],
    ["lib/dro/strategies/tdro.ts", "lib/train/mod.ts", "type"],
    ["lib/dro/update/step_weights.ts", "lib/sampling/mod.ts"],
    ["lib/eval/evaluate.ts", "lib/experiment/mod.ts", "type"],
    ["lib/experiment/a.ts", "lib/cli/mod.ts", "type"],
    ["lib/cli/commands/run.ts", "lib/experiment/run_experiment.ts"],
    ["lib/new/a.ts", "lib/data/mod.ts", "type"],
    ["mod.ts", "lib/cli/mod.ts"],
    ["lib/_std_cli/parse_args.ts", "lib/cli/mod.ts", "type"],
  ];
  for (const [cases, count] of [[right, 0], [wrong, 1]] as const) {
    for (const [from, to, how] of cases) {
      const found = wrongImports([{
        from,
        to,
        typeOnly: how === "type",
        dynamic: how === "dynamic",
      }]);
      assert.equal(found.length, count, `${from} → ${to}: ${found}`);
    }
  }
});
