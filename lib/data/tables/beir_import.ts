import { basename } from "node:path";
import { exists, isFolder } from "../../base/files/exists.ts";
import { beirSetFiles } from "../benchmarks/beir_set_files.ts";
import { listFiles } from "../benchmarks/list_files.ts";
import { openBeirSet } from "../benchmarks/open_beir_set.ts";
import type { BenchmarkSet } from "../benchmarks/benchmark_set.ts";
import type { BuiltTask } from "../assemble/built_task.ts";
import { FolderSink } from "../assemble/folder_sink.ts";
import { MemorySink } from "../assemble/memory_sink.ts";
import type { TaskSink } from "../assemble/task_sink.ts";
import { TextStore } from "../assemble/text_store.ts";
import { checkTaskNames } from "../beir/task_name.ts";
import type { Qrels, Query, SplitName, Task } from "../types.ts";
import { COLUMN_KEYS } from "./choose_columns.ts";
import { NO_ROWS } from "./import_record.ts";
import type { Opened, Told } from "./open_import.ts";
import { SplitMap, type SplitTarget } from "./split_map.ts";
import type { ParsedTableTaskOptions } from "./table_options.ts";
import { sourceOf, tableName } from "./task_from_file.ts";

/**
 * Whether a folder is a set in BEIR's form as the hub has them (parquet, or judgments
 * as JSON lines), which has to be turned into a task folder to be one.
 */
export async function isPublishedBeir(path: string): Promise<boolean> {
  if (!await isFolder(path)) return false;
  const { corpus, queries, splits } = beirSetFiles(await listFiles(path));
  const judgments = [...splits.values()].flat();
  const ours = await exists(`${path}/corpus.jsonl`) &&
    judgments.every((file) => file.endsWith(".tsv"));
  return corpus.length > 0 && queries.length > 0 && judgments.length > 0 &&
    !ours;
}

/** Options that say what a table's columns are; here nothing is open. */
const OF_TABLES = [...COLUMN_KEYS, "minScore", "mapLabels"] as const;

/** Opens a set in BEIR's form: one task, with the splits of its judgments. */
export async function openBeirImport(
  folder: string,
  options: ParsedTableTaskOptions,
  task: string | undefined,
): Promise<Opened> {
  const stray = task === undefined
    ? OF_TABLES.find((name) => options[name] !== undefined)
    : "task";
  if (stray !== undefined) {
    throw new RangeError(
      `Cannot import ${folder}: it is a set in BEIR's form (corpus, queries, qrels), where no column is to be named: leave ${stray} out`,
    );
  }
  const all = await listFiles(folder);
  const { corpus, queries, splits } = beirSetFiles(all);
  checkOnlySplit(folder, [...splits.keys()], options);
  const judged = [...splits].map(([split, files]) => ({
    name: files[0]!,
    split,
  }));
  const files = [
    ...[...corpus, ...queries].map((name) => ({ name })),
    ...judged,
  ];
  const used = new Set(files.map(({ name }) => name));
  const gather = <Sink extends TaskSink>(sink: Sink) =>
    gatherBeir(folder, { options, splits: [...splits.keys()], sink });
  return {
    files: files.map((file) => ({ ...file, path: `${folder}/${file.name}` })),
    unusedFiles: all.filter((name) =>
      !used.has(name) && basename(name) !== "README.md"
    ).map((name) => ({ name, why: "is no part of BEIR's form" })),
    async read() {
      const sink = new MemorySink();
      const { built, ...told } = await gather(sink);
      const { name } = built.info;
      return { suite: { name, tasks: [sink.task(built)] }, ...told };
    },
    async write(partial) {
      const sink = new FolderSink(partial);
      const { built, ...told } = await gather(sink);
      checkTaskNames([built.info.name]);
      return { tasks: [await sink.finish(built, 0)], ...told };
    },
  };
}

/** A benchmark's only split may be called train (NanoBEIR's is): nobody can tell. */
function checkOnlySplit(
  folder: string,
  splits: readonly string[],
  { mapSplits = [] }: ParsedTableTaskOptions,
): void {
  if (splits.length !== 1 || splits[0] !== "train") return;
  if (mapSplits.some((text) => text.startsWith("train="))) return;
  throw new RangeError(
    `Cannot import ${folder}: its only judgments are of the split "train", as in benchmarks that have no other (NanoBEIR), and in training sets; say which it is by mapSplits (--map-splits train=test or --map-splits train=train)`,
  );
}

/** Reads the judgments, and after them the texts, which go to the sink as they come. */
async function gatherBeir(
  folder: string,
  { options, splits, sink }: {
    options: ParsedTableTaskOptions;
    splits: readonly string[];
    sink: TaskSink;
  },
): Promise<Told & { built: BuiltTask }> {
  const map = new SplitMap(options.mapSplits);
  const sets: { set: BenchmarkSet; split: string; target: SplitTarget }[] = [];
  for (const split of splits) {
    const set = await openBeirSet(folder, { split });
    sets.push({ set, split, target: map.target(split) ?? "none" });
  }
  map.checkMet(folder);
  const used = sets.filter(({ target }) => target !== "none");
  const judged = new Set(
    used.flatMap(({ set }) => [...set.qrels.values()])
      .flatMap((grades) => [...grades.keys()]),
  );
  const there = used.length === 0
    ? new Set<string>()
    : await readPassages(used[0]!.set, { folder, sink, judged });
  const queries = new Map<string, Query>();
  const qrels: Task["qrels"] = {};
  const rows = { ...NO_ROWS, dangling: 0 };
  for (const { set, target } of sets) {
    const count = judgmentsOf(set.qrels);
    rows.read += count;
    if (target === "none") {
      rows.split += count;
      continue;
    }
    const known = withoutDangling(set.qrels, there);
    rows.used += judgmentsOf(known);
    rows.dangling += count - judgmentsOf(known);
    for (const id of known.keys()) queries.set(id, set.queries.get(id)!);
    addJudgments(qrels, { target, known });
  }
  if (rows.used === 0) {
    throw new RangeError(
      `Cannot import ${folder}: no judgment is left, of ${rows.read}: ${rows.split} are of splits that are left out, ${rows.dangling} of passages that the corpus lacks`,
    );
  }
  for (const query of queries.values()) sink.query(query);
  const { prompt, language, kind, license } = options;
  const name = options.name ?? tableName(folder);
  const source = options.source ?? sourceOf(folder);
  return {
    built: {
      info: { name, prompt, language, kind, license, source },
      *judgments(split) {
        for (const [query, grades] of qrels[split] ?? []) {
          yield { query, grades };
        }
      },
    },
    record: {
      unusedColumns: [],
      splits: sets.map(({ set, split, target }) => ({
        split,
        takenAs: target,
        rows: judgmentsOf(set.qrels),
      })),
      rows,
      unusedTasks: [],
    },
    rowsOf: () => undefined,
  };
}

/** Sends the corpus to the sink; gives the ids of judged passages that it has. */
async function readPassages(
  set: BenchmarkSet,
  { folder, sink, judged }: {
    folder: string;
    sink: TaskSink;
    judged: ReadonlySet<string>;
  },
): Promise<Set<string>> {
  const known = new TextStore("p");
  const there = new Set<string>();
  let row = 0;
  for await (const passage of set.passages()) {
    const { id, title = "", text } = passage;
    const whole = `${title.length} ${title}${text}`;
    const { fresh, clash } = known.add({ id, whole, place: ++row });
    if (clash !== undefined) {
      throw new SyntaxError(
        `Cannot import ${folder}: passage ${
          JSON.stringify(id)
        } must have one text: rows ${clash} and ${row} of the corpus give it two`,
      );
    }
    if (!fresh) continue;
    sink.passage(passage);
    if (judged.has(id)) there.add(id);
    const written = sink.drain();
    if (written) await written;
  }
  return there;
}

/** Two splits of the data may become one of ours. */
function addJudgments(
  qrels: Task["qrels"],
  { target, known }: { target: SplitName; known: Qrels },
): void {
  const there = qrels[target] ??= new Map();
  for (const [query, grades] of known) {
    there.set(query, new Map([...there.get(query) ?? [], ...grades]));
  }
}

function judgmentsOf(qrels: Qrels): number {
  return [...qrels.values()].reduce((sum, { size }) => sum + size, 0);
}

/** Published judgments speak of passages that their corpus lost. */
function withoutDangling(
  qrels: Qrels,
  corpus: ReadonlySet<string>,
): Qrels {
  const kept = [...qrels].map(([query, grades]) =>
    [query, new Map([...grades].filter(([id]) => corpus.has(id)))] as const
  );
  return new Map(kept.filter(([, grades]) => grades.size > 0));
}
