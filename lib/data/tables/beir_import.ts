import { basename } from "node:path";
import { exists, isFolder } from "../../base/files/exists.ts";
import { beirSetFiles } from "../benchmarks/beir_set_files.ts";
import { listFiles } from "../benchmarks/list_files.ts";
import { openBeirSet } from "../benchmarks/open_beir_set.ts";
import type { Passage, Qrels, Query, SplitName, Task } from "../types.ts";
import { COLUMN_KEYS } from "./choose_columns.ts";
import { NO_ROWS, type ReadSplit } from "./import_record.ts";
import type { Opened } from "./open_import.ts";
import { SplitMap } from "./split_map.ts";
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
  return {
    files: files.map((file) => ({ ...file, path: `${folder}/${file.name}` })),
    unusedFiles: all.filter((name) =>
      !used.has(name) && basename(name) !== "README.md"
    ).map((name) => ({ name, why: "is no part of BEIR's form" })),
    read: () => readBeirImport(folder, { options, splits: [...splits.keys()] }),
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

async function readBeirImport(
  folder: string,
  { options, splits }: {
    options: ParsedTableTaskOptions;
    splits: readonly string[];
  },
): ReturnType<Opened["read"]> {
  const map = new SplitMap(options.mapSplits);
  const queries = new Map<string, Query>();
  const corpus = new Map<string, Passage>();
  const qrels: Task["qrels"] = {};
  const taken: ReadSplit[] = [];
  const rows = { ...NO_ROWS, dangling: 0 };
  for (const split of splits) {
    const set = await openBeirSet(folder, { split });
    const count = judgmentsOf(set.qrels);
    const target = map.target(split) ?? "none";
    taken.push({ split, takenAs: target, rows: count });
    rows.read += count;
    if (target === "none") {
      rows.split += count;
      continue;
    }
    if (corpus.size === 0) {
      for await (const passage of set.passages()) {
        corpus.set(passage.id, passage);
      }
    }
    const known = withoutDangling(set.qrels, corpus);
    rows.used += judgmentsOf(known);
    rows.dangling += count - judgmentsOf(known);
    for (const id of known.keys()) queries.set(id, set.queries.get(id)!);
    addJudgments(qrels, { target, known });
  }
  map.checkMet(folder);
  const { prompt, language, kind, license } = options;
  const name = options.name ?? tableName(folder);
  const source = options.source ?? sourceOf(folder);
  const info = { name, prompt, language, kind, license, source };
  return {
    suite: { name, tasks: [{ ...info, corpus, queries, qrels }] },
    record: { unusedColumns: [], splits: taken, rows, unusedTasks: [] },
    rowsOf: () => undefined,
  };
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
  corpus: ReadonlyMap<string, Passage>,
): Qrels {
  const kept = [...qrels].map(([query, grades]) =>
    [query, new Map([...grades].filter(([id]) => corpus.has(id)))] as const
  );
  return new Map(kept.filter(([, grades]) => grades.size > 0));
}
