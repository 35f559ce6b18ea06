import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { ROOT } from "../_paths.ts";

/** An import of one file by another; paths from the root of the repository. */
interface Import {
  from: string;
  to: string;
  /** Whether types alone are imported, which costs and binds nothing at run time. */
  typeOnly: boolean;
}

/** A module with the files and packages that load with it, as soon as it loads. */
type StaticGraph = Map<string, string[]>;

/** What each room may import, besides itself: rooms in full, and rooms' types. */
const ALLOWED: Record<string, { code: string[]; types?: string[] }> = {
  backend: { code: [] },
  data: { code: [] },
  sampling: { code: ["data"] },
  model: { code: ["backend"] },
  train: { code: ["backend", "model", "sampling"], types: ["data"] },
  dro: {
    code: ["backend", "model", "sampling", "train"],
    types: ["data"],
  },
  search: { code: ["data"], types: ["model"] },
  eval: { code: ["data", "model", "search"] },
  report: { code: [] },
  experiment: {
    code: [
      ...["backend", "data", "dro", "eval", "model", "report", "sampling"],
      ...["search", "train"],
    ],
  },
  cli: {
    code: [
      ...["backend", "data", "dro", "eval", "experiment", "model", "report"],
      ...["sampling", "search", "train"],
    ],
  },
};

/** These write files whole; they stand below all rooms, in data for want of a better. */
const WRITE_WHOLE = "lib/data/write_whole.ts";
const DOWNLOAD = "lib/data/download.ts";
const HUB_FILES = "lib/data/hub_files.ts";

/** Rooms that may write files by it, though they may not import data. */
const WRITERS = ["model", "train", "dro"];

/**
 * Files of dro that drive a training loop or read and write files. All others
 * must be readable with the paper in one hand: they import no other room.
 */
const NOT_UPDATES = [
  ...["learn_weights", "mod", "read_weight_file", "save_weight_files"],
].map((name) => `lib/dro/${name}.ts`);

/** The fixed mixtures hand over to this one. */
const MIXTURE = "lib/sampling/mixture.ts";

/** `lib/dro/mod.ts` → `dro`; the root's files have none. */
function roomOf(path: string): string | undefined {
  return /^lib\/([^_/][^/]*)\//.exec(path)?.[1];
}

/** Why an import is wrong; `undefined` if it's right. */
function whyWrong({ from, to, typeOnly }: Import): string | undefined {
  const room = roomOf(from);
  const other = roomOf(to);
  if (other === undefined || other === room) return;
  if (room === undefined) {
    if (from !== "mod.ts") return "it is no room itself";
    return other === "cli" ? "nobody imports cli" : undefined;
  }
  if (room === "dro" && !NOT_UPDATES.includes(from)) {
    return from.startsWith("lib/dro/strategies/") && to === MIXTURE
      ? undefined
      : "the update files of dro import no other room";
  }
  if (
    [WRITE_WHOLE, DOWNLOAD, HUB_FILES].includes(to) && WRITERS.includes(room)
  ) return;
  const allowed = ALLOWED[room];
  if (allowed === undefined) return `${room} isn't in the table of rooms`;
  if (allowed.code.includes(other)) return;
  if (allowed.types?.includes(other)) {
    return typeOnly ? undefined : `${room} may import only types of ${other}`;
  }
  return `${room} may not import ${other}`;
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
  // The root's mod.ts leaves the command line out.
  for (const entry of ["mod.ts", "lib/cli/mod.ts"]) {
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
        });
        if (code?.specifier && !isDynamic) loads.push(short(code.specifier));
      }
      graph.set(from, loads);
    }
  }
  return { files, imports, graph };
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

for (const room of ["data", "sampling", "search", "eval", "report"]) {
  Deno.test(`${room} loads without tfjs`, () => {
    const modules = reached(repository.graph, `lib/${room}/mod.ts`);
    assert.ok(modules.size > 3, "the graph is empty");
    const heavy = [...modules].filter((m) => /tensorflow|tfjs/.test(m));
    assert.deepEqual(heavy, []);
  });
}

Deno.test("the weight update loads nothing but itself", () => {
  const modules = reached(repository.graph, "lib/dro/step_weights.ts");
  assert.ok(modules.has("lib/dro/loss_proxy.ts"));
  const others = [...modules].filter((m) => !m.startsWith("lib/dro/"));
  assert.deepEqual(others, []);
});

Deno.test("Deno tells tfjs apart from what has none", () => {
  // Otherwise the tests above would pass whatever is imported.
  const modules = reached(repository.graph, "lib/train/mod.ts");
  assert.ok([...modules].some((m) => m.includes("tensorflow/tfjs-core")));
});

Deno.test("an import in the wrong direction is found", () => {
  const cases: [from: string, to: string, typeOnly: boolean, wrong: boolean][] =
    [
      ["lib/data/a.ts", "lib/model/mod.ts", true, true],
      ["lib/report/show.ts", "lib/data/types.ts", true, true],
      ["lib/sampling/batches.ts", "lib/data/types.ts", false, false],
      ["lib/model/config.ts", WRITE_WHOLE, false, false],
      ["lib/model/config.ts", "lib/data/types.ts", true, true],
      ["lib/backend/mod.ts", WRITE_WHOLE, false, true],
      ["lib/train/train.ts", "lib/data/types.ts", true, false],
      ["lib/train/train.ts", "lib/data/types.ts", false, true],
      ["lib/train/train.ts", "lib/dro/mod.ts", true, true],
      ["lib/search/top_k.ts", "lib/model/types.ts", true, false],
      ["lib/search/top_k.ts", "lib/model/types.ts", false, true],
      ["lib/dro/learn_weights.ts", "lib/train/mod.ts", false, false],
      ["lib/dro/step_weights.ts", "lib/train/mod.ts", true, true],
      ["lib/dro/strategies/tdro.ts", MIXTURE, false, false],
      ["lib/dro/strategies/tdro.ts", "lib/train/mod.ts", true, true],
      ["lib/dro/step_weights.ts", MIXTURE, false, true],
      ["lib/eval/evaluate.ts", "lib/experiment/mod.ts", true, true],
      ["lib/experiment/a.ts", "lib/cli/mod.ts", true, true],
      ["lib/cli/run.ts", "lib/experiment/mod.ts", false, false],
      ["lib/new/a.ts", "lib/data/mod.ts", true, true],
      ["mod.ts", "lib/experiment/mod.ts", false, false],
      ["mod.ts", "lib/cli/mod.ts", false, true],
      ["lib/_std_cli/parse_args.ts", "lib/cli/mod.ts", true, true],
    ];
  for (const [from, to, typeOnly, wrong] of cases) {
    const found = wrongImports([{ from, to, typeOnly }]);
    assert.equal(found.length, wrong ? 1 : 0, `${from} → ${to}: ${found}`);
  }
});
