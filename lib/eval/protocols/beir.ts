import type { EncodeFunction } from "../../model/types.ts";
import {
  type BenchmarkPart,
  type JudgedBenchmarkOptions,
  runParts,
} from "./benchmark.ts";
import type {
  BenchmarkReport,
  BenchmarkTaskReport,
} from "../records/benchmark_report.ts";
import { catalogue, type CatalogueRow, openBeirSet } from "../../data/mod.ts";
import { isFolder } from "../../base/files/exists.ts";

/** Options of {@linkcode evaluateBeir}. */
export interface EvaluateBeirOptions extends JudgedBenchmarkOptions {
  /**
   * Benchmark of the catalogue whose sets are run; all that are in BEIR's form
   * will do.
   * @default {"BEIR"}
   */
  benchmark?: string;
  /** Names of the sets to run, e.g. `["scifact"]`. @default those that are there */
  sets?: readonly string[];
}

/**
 * Measures an encoder on BEIR as published numbers do (spec section 16): each
 * set's queries of the test split (MS MARCO: dev) against its whole corpus, read as a
 * stream; nDCG@10 and Recall@100; passages with the query's id left out after
 * the cut for ArguAna, FEVER, FiQA, MS MARCO and Quora; the 12 forums of
 * CQADupStack averaged first, then all 15 sets. Queries get the instructions of the catalogue.
 * For lengths as there, encode with {@linkcode BENCHMARK_LENGTHS}.
 *
 * @param encode Turns texts into vectors.
 * @param folder Holds a folder for each set, e.g. `scifact`, in BEIR's form; `tdro data
 * pull beir` makes it. CQADupStack's may also lie in `cqadupstack/<forum>`.
 * @param options Sets, metrics, instructions.
 * @yields The report of each set when it is done.
 * @returns The report of the benchmark; its `missing` names the sets that weren't
 * there.
 * @throws {Deno.errors.NotFound} If no set is there, or one that `sets` names isn't.
 * @throws {RangeError} If `sets` or `benchmark` names none, or a metric is unknown.
 * @throws {SyntaxError} If a file is malformed.
 *
 * @example Usage
 * ```ts
 * import { writeWhole } from "@tdro/tdro/data";
 * import { collectReport, evaluateBeir } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const put = (name: string, text: string) =>
 *   writeWhole(`${folder}/scifact/${name}`, text);
 * await put("corpus.jsonl", '{"_id":"p1","text":"aa"}\n{"_id":"p2","text":"b"}\n');
 * await put("queries.jsonl", '{"_id":"q1","text":"a"}\n');
 * await put("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\tp1\t1\n");
 *
 * const encode = (texts: readonly string[]) =>
 *   Promise.resolve({
 *     data: Float32Array.from(texts, (text) => text.length),
 *     count: texts.length,
 *     dimension: 1,
 *   });
 * const report = await collectReport(evaluateBeir(encode, folder));
 * assert.equal(report.mean["nDCG@10"], 1);
 * assert.equal(report.tasks.length, 1);
 * ```
 */
export async function* evaluateBeir(
  encode: EncodeFunction,
  folder: string,
  options: EvaluateBeirOptions = {},
): AsyncGenerator<BenchmarkTaskReport, BenchmarkReport> {
  const { benchmark = "BEIR", sets } = options;
  const rows = rowsOf(benchmark, sets);
  const found: { row: CatalogueRow; at: string }[] = [];
  const missing: string[] = [];
  for (const row of rows) {
    const at = await folderOf(folder, row);
    if (at) found.push({ row, at });
    else missing.push(row.task);
  }
  if (found.length === 0 || (sets && missing.length > 0)) {
    throw new Deno.errors.NotFound(
      `Cannot evaluate ${benchmark}: ${folder} must hold a folder ${
        missing[0]
      }; fetch it with tdro data pull ${rows[0]!.name.split("/")[0]}`,
    );
  }
  return yield* runParts(
    encode,
    found.map(({ row, at }) => () => openPart(row, at)),
    { ...options, benchmark, split: "test", missing },
  );
}

/** The benchmark's rows of the catalogue, or those of the sets wanted. */
function rowsOf(
  benchmark: string,
  sets: readonly string[] | undefined,
): CatalogueRow[] {
  const all = catalogue();
  const rows = all.filter((row) =>
    row.benchmark === benchmark && row.loader === "openBeirSet"
  );
  const cannot = `Cannot evaluate ${benchmark}`;
  if (rows.length === 0) {
    const known = all.filter(({ loader }) => loader === "openBeirSet")
      .flatMap(({ benchmark }) => benchmark ?? []);
    throw new RangeError(
      `${cannot}: benchmark must be one of ${
        [...new Set(known)].join(", ")
      }: got ${JSON.stringify(benchmark)}`,
    );
  }
  if (sets === undefined) return rows;
  return sets.map((name) =>
    rows.find((row) => row.task === name || setName(row) === name) ??
      unknownSet(cannot, name, rows)
  );
}

function unknownSet(
  cannot: string,
  name: string,
  rows: readonly CatalogueRow[],
): never {
  throw new RangeError(
    `${cannot}: sets must be among ${
      rows.map(({ task }) => task).join(", ")
    }: got ${JSON.stringify(name)}`,
  );
}

/** `beir/scifact` → `scifact`. */
function setName({ name }: CatalogueRow): string {
  return name.slice(name.indexOf("/") + 1);
}

/** The folder of a set, by any of its names. */
async function folderOf(
  folder: string,
  row: CatalogueRow,
): Promise<string | undefined> {
  const name = setName(row);
  const names = [name, row.task];
  if (row.group) {
    names.push(name.replace(`${row.group}-`, `${row.group}/`));
  }
  for (const candidate of names) {
    const path = `${folder}/${candidate}`;
    if (await isFolder(path)) return path;
  }
}

async function openPart(
  row: CatalogueRow,
  folder: string,
): Promise<BenchmarkPart> {
  const { task, split, group, languages, ignoreIdenticalIds = false } = row;
  return {
    // NanoBEIR publishes its only split as "train"; pulled, it is "test".
    set: await openBeirSet(folder, {
      split: split === "train" ? undefined : split,
      language: languages.length === 1 ? languages[0]! : languages,
    }),
    name: task,
    prompt: row.prompt.query[0]!,
    group,
    ignoreIdenticalIds,
  };
}
