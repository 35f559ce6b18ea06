import type { BenchmarkSet } from "../../data/benchmarks/benchmark_set.ts";
import type { Run, SplitName } from "../../data/types.ts";
import type { EncodeFunction } from "../../model/types.ts";
import type { ExactSearchOptions } from "../../search/exact/top_k.ts";
import { DataHash, noting } from "../records/data_hash.ts";
import { streamSearch } from "../stream_search.ts";
import {
  benchmarkMeans,
  type BenchmarkReport,
  type BenchmarkTaskReport,
} from "../records/benchmark_report.ts";
import type { EvalSettings, EvaluateOptions } from "../evaluate.ts";
import { reportHead } from "../records/report_head.ts";
import { checkMetrics, taskReport, TIES } from "../records/task_report.ts";
import { queryText } from "../../base/texts/query_text.ts";
import { own } from "../../base/own.ts";

/** Options that all benchmarks share. */
export interface BenchmarkOptions
  extends
    Pick<EvaluateOptions, "chunk" | "signal" | "multiply" | "origin">,
    Pick<ExactSearchOptions, "prepare" | "dtype"> {
  /**
   * Instruction before each query, e5 style: the benchmark's (those of the
   * catalogue), none, or one's own, by the name of the set.
   * @default {"benchmark"}
   */
  prompts?: "benchmark" | "none" | Readonly<Record<string, string>>;
  /** Called with the passages of a set encoded so far. */
  onProgress?: (task: string, passages: number) => void;
}

/** Options of {@linkcode BenchmarkOptions} for benchmarks with judgments. */
export interface JudgedBenchmarkOptions extends BenchmarkOptions {
  /** Names of metrics. @default {["nDCG@10", "Recall@100"]} */
  metrics?: readonly string[];
  /** Passages retrieved for each query. @default {1000} */
  k?: number;
  /** Gets each set's run, for instance to write it to a file. */
  onRun?: (task: string, run: Run) => void | Promise<void>;
}

/** What judged benchmarks compute if nothing is said. */
const JUDGED_METRICS = ["nDCG@10", "Recall@100"] as const;

/** A set, and how its benchmark runs it. */
export interface BenchmarkPart {
  set: BenchmarkSet;
  /** Name that `prompts` and reports call it by. */
  name: string;
  /** The benchmark's instruction. */
  prompt: string;
  ignoreIdenticalIds: boolean;
  group?: string | undefined;
}

/** The instruction of a set. */
export function promptFor(
  { name, prompt }: { name: string; prompt: string },
  { prompts = "benchmark" }: BenchmarkOptions,
): string {
  if (prompts === "benchmark") return prompt;
  return prompts === "none" ? "" : own(prompts, name) ?? "";
}

/** What a benchmark adds to its options. */
export interface RunPartsOptions extends JudgedBenchmarkOptions {
  benchmark: string;
  /** The benchmark's usual split. */
  split: SplitName;
  missing: string[];
}

/** Runs sets one after the other; each is opened when its turn comes. */
export async function* runParts(
  encode: EncodeFunction,
  parts: readonly (() => Promise<BenchmarkPart>)[],
  { benchmark, split, missing, ...options }: RunPartsOptions,
): AsyncGenerator<BenchmarkTaskReport, BenchmarkReport> {
  const { metrics = JUDGED_METRICS, k = 1000 } = options;
  checkMetrics(metrics, k);
  const tasks: BenchmarkTaskReport[] = [];
  for (const [domain, open] of parts.entries()) {
    const report = await runPart(encode, await open(), { ...options, domain });
    tasks.push(report);
    yield report;
  }
  const settings = settingsOf(options, { split, metrics, k });
  return {
    ...reportHead(benchmark, settings, options.origin),
    benchmark,
    tasks,
    missing,
    ...benchmarkMeans(tasks, metrics),
  };
}

/** Runs one set. */
async function runPart(
  encode: EncodeFunction,
  part: BenchmarkPart,
  { domain, metrics = JUDGED_METRICS, k = 1000, onProgress, ...options }:
    & JudgedBenchmarkOptions
    & { domain: number },
): Promise<BenchmarkTaskReport> {
  const { set, name, ignoreIdenticalIds, group } = part;
  const prompt = promptFor(part, options);
  const hash = new DataHash(set.queries.values(), set.qrels);
  const queries = Array.from(set.queries.values(), ({ id, text }) => ({
    id,
    text: queryText(prompt, text),
  }));
  const { run, passages } = await streamSearch(
    encode,
    { queries, passages: noting(set.passages(), hash) },
    {
      ...searchOptions(options),
      k,
      onProgress: onProgress && ((done) => onProgress(name, done)),
    },
  );
  if (passages === 0) {
    throw new RangeError(
      `Cannot evaluate ${name}: the corpus must hold a passage: got none`,
    );
  }
  await options.onRun?.(name, run);
  const { qrels } = set;
  const about = { task: name, domain, prompt, passages, data: hash.end() };
  const report: BenchmarkTaskReport = {
    ...taskReport(about, { qrels, run, metrics, ignoreIdenticalIds }),
    split: set.split,
    language: [set.language].flat().join(", "),
    ignoreIdenticalIds,
  };
  if (group !== undefined) report.group = group;
  return report;
}

/** What the search takes of the options. */
export function searchOptions(
  { chunk, signal, multiply, prepare, dtype }: BenchmarkOptions,
) {
  return { chunk, signal, multiply, prepare, dtype };
}

/** How the numbers came about; what differs by set stands with the set. */
export function settingsOf(
  { prompts = "benchmark", dtype = "f32" }: BenchmarkOptions,
  { split, metrics, k }: {
    split: SplitName;
    metrics: readonly string[];
    k: number;
  },
): EvalSettings {
  return {
    split,
    metrics: [...metrics],
    k,
    prompts: prompts === "none" ? "none" : "task",
    ignoreIdenticalIds: false,
    ties: TIES,
    retriever: "dense, exact search",
    dtype,
  };
}
