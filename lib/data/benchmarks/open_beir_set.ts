import { basename, resolve } from "node:path";
import type { TaskInfo } from "../types.ts";
import { readTaskInfo } from "../beir/task_folder.ts";
import type { BenchmarkSet } from "./benchmark_set.ts";
import { beirSetFiles } from "./beir_set_files.ts";
import { judgedQueries } from "./judged_queries.ts";
import { listFiles } from "./list_files.ts";
import { readPassages, readQueries } from "./records.ts";
import { readJudgments } from "./read_judgments.ts";

/** Options of {@linkcode openBeirSet}. */
export interface OpenBeirSetOptions extends Partial<TaskInfo> {
  /**
   * Split of the judgments; `"dev"` also finds `validation`.
   * @default {"test" if there, else "dev", else "train"}
   */
  split?: string;
}

/**
 * Opens a set in BEIR's form as it is published: `corpus.jsonl`, `queries.jsonl`
 * and `qrels/<split>.tsv`, plain or gzipped; or the same as parquet files
 * (`corpus/train-00000-of-00001.parquet` …), as NanoBEIR and MTEB have it. The corpus is
 * read as a stream; for one that fits in memory {@linkcode openTask} does too.
 * Judgments of passages that aren't in the corpus stand, as in BEIR.
 *
 * @param folder Folder of the set.
 * @param options Split, and what `task.json` would say.
 * @returns The set.
 * @throws {SyntaxError} If a file is malformed, or a judged query has no text.
 * @throws {Deno.errors.NotFound} If the folder, a file or the split is missing.
 *
 * @example Usage
 * ```ts
 * import { openBeirSet, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const folder = `${await Deno.makeTempDir()}/capitals`;
 * await writeWhole(`${folder}/corpus.jsonl`, '{"_id":"p1","title":"","text":"Paris"}\n');
 * await writeWhole(`${folder}/queries.jsonl`, '{"_id":"q1","text":"France?"}\n');
 * await writeWhole(`${folder}/qrels/test.tsv`, "query-id\tcorpus-id\tscore\nq1\tp1\t1\n");
 *
 * const set = await openBeirSet(folder);
 * assert.equal(set.split, "test");
 * for await (const { text } of set.passages()) assert.equal(text, "Paris");
 * ```
 */
export async function openBeirSet(
  folder: string,
  { split, ...info }: OpenBeirSetOptions = {},
): Promise<BenchmarkSet> {
  const found = beirSetFiles(await listFiles(folder));
  const corpus = some(found.corpus, folder, {
    wanted: "corpus.jsonl, corpus.jsonl.gz or corpus/*.parquet",
  });
  const queries = some(found.queries, folder, {
    wanted: "queries.jsonl, queries.jsonl.gz or queries/*.parquet",
  });
  const bySplit = found.splits;
  const name = split ??
    ["test", "dev", "train"].find((name) => bySplit.has(name)) ?? "test";
  const judgments = some(bySplit.get(name) ?? [], folder, {
    wanted: `judgments of the split ${name} (qrels/${name}.tsv or the like)`,
    there: [...bySplit.keys()],
  });
  const qrels = await readJudgments(`${folder}/${judgments[0]}`);
  const within = (paths: readonly string[]) =>
    paths.map((path) => `${folder}/${path}`);
  return {
    ...await readTaskInfo(folder),
    name: basename(resolve(folder)),
    ...info,
    split: name,
    queries: await judgedQueries(readQueries(within(queries)), qrels, folder),
    qrels,
    files: [...corpus, ...queries, judgments[0]!],
    passages: () => readPassages(within(corpus)),
  };
}

/** The files, of which there must be one. */
function some(
  files: readonly string[],
  folder: string,
  { wanted, there = [] }: { wanted: string; there?: string[] },
): string[] {
  if (files.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot open ${folder}: it needs ${wanted}` +
        (there.length > 0 ? `: got ${there.join(", ")}` : ""),
    );
  }
  return [...files];
}
