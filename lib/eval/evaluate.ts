import { queryText } from "../data/query_text.ts";
import type { Query, Run, SplitName, Suite, Task } from "../data/types.ts";
import type { EncodeFunction } from "../model/types.ts";
import { embedPassages } from "../search/embed_passages.ts";
import { exactSearch } from "../search/exact_search.ts";
import type { MultiplyFunction } from "../search/top_k.ts";
import { parseMetric } from "./_metric.ts";
import { evaluateRun } from "./evaluate_run.ts";

/** Options for {@linkcode evaluate}. */
export interface EvaluateOptions {
  /** The split whose judged queries are run. @default {"test"} */
  split?: SplitName;
  /** Names of metrics. @default {["nDCG@10", "Recall@100"]} */
  metrics?: readonly string[];
  /** Passages retrieved for each query. @default {1000} */
  k?: number;
  /**
   * Instruction before each query, e5 style: the task's own, or none.
   * @default {"task"}
   */
  prompts?: "task" | "none";
  /**
   * Leaves out passages whose id is the query's, after the cut at k; for tasks
   * whose queries are themselves in the corpus. @default {false}
   */
  ignoreIdenticalIds?: boolean;
  /** Passages encoded, and held in memory, at a time. @default {4096} */
  chunk?: number;
  /** Computes scores. @default {plain JavaScript} */
  multiply?: MultiplyFunction;
  /** Stops the work at the next batch. */
  signal?: AbortSignal;
  /** Called with the texts of a task encoded so far. */
  onProgress?: (task: string, done: number, total: number) => void;
  /** Gets each task's run, for instance to write it to a file. */
  onRun?: (task: Task, run: Run) => void | Promise<void>;
}

/** How an {@linkcode EvalReport} came about. */
export interface EvalSettings {
  /** The split whose queries were run. */
  split: SplitName;
  /** Names of metrics. */
  metrics: string[];
  /** Passages retrieved for each query. */
  k: number;
  /** Whether queries had their task's prompt. */
  prompts: "task" | "none";
  /** Whether passages with the query's id were left out. */
  ignoreIdenticalIds: boolean;
  /** How equal scores rank. */
  ties: "float32 score descending, then passage id descending";
}

/** Metrics of one task. */
export interface TaskReport {
  /** Name of the task. */
  task: string;
  /** Domain id: index of the task in its suite. */
  domain: number;
  /** Instruction that stood before each query, or `""`. */
  prompt: string;
  /** Size of the corpus. */
  passages: number;
  /** Metric → mean over the task's queries. */
  mean: Record<string, number>;
  /** Ids of the queries that were run. */
  queryIds: string[];
  /** Metric → value for each query; the order of `queryIds`. */
  perQuery: Record<string, number[]>;
}

/** Metrics of a suite; plain data, JSON-serialisable. */
export interface EvalReport {
  /** Form of this record. */
  format: "tdro-eval/1";
  /** Name of the suite. */
  suite: string;
  /** How the numbers came about. */
  settings: EvalSettings;
  /** The tasks, in the suite's order. */
  tasks: TaskReport[];
  /** Metric → mean over the tasks, each counting the same. */
  mean: Record<string, number>;
}

/**
 * Measures how well an encoder retrieves, task by task: encodes the corpus
 * (title, blank, text, trimmed) and the judged queries of the split (with the
 * task's prompt), searches exhaustively by inner product, and computes metrics
 * as {@linkcode evaluateRun} does (spec section 16). All tasks are checked
 * before the first is encoded.
 *
 * @param encode Turns texts into vectors.
 * @param suite The tasks.
 * @param options What to measure, and how.
 * @yields The report of each task when it is done.
 * @returns The report of the suite; {@linkcode collectReport} waits for it.
 * @throws {RangeError} If the suite is empty, a task lacks the split or a judged query, its corpus
 * is empty, a metric is unknown or reaches deeper than k, or a vector isn't
 * finite.
 *
 * @example Usage
 * ```ts
 * import { collectReport, evaluate } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * // Encodes a text as its counts of "a" and "b".
 * const encode = (texts: readonly string[]) =>
 *   Promise.resolve({
 *     data: Float32Array.from(
 *       texts.flatMap((t) => [t.split("a").length, t.split("b").length]),
 *     ),
 *     count: texts.length,
 *     dimension: 2,
 *   });
 * const suite = {
 *   name: "letters",
 *   tasks: [{
 *     name: "ab",
 *     prompt: "",
 *     language: "en",
 *     kind: "question-passage",
 *     license: "MIT",
 *     source: "made up",
 *     corpus: new Map([
 *       ["x", { id: "x", text: "aaaa" }],
 *       ["y", { id: "y", text: "bbbb" }],
 *     ]),
 *     queries: new Map([["q", { id: "q", text: "aa" }]]),
 *     qrels: { test: new Map([["q", new Map([["x", 1]])]]) },
 *   }],
 * };
 * const report = await collectReport(evaluate(encode, suite));
 * assert.equal(report.mean["nDCG@10"], 1);
 * ```
 */
export async function* evaluate(
  encode: EncodeFunction,
  suite: Suite,
  options: EvaluateOptions = {},
): AsyncGenerator<TaskReport, EvalReport> {
  const {
    split = "test",
    metrics = ["nDCG@10", "Recall@100"],
    k = 1000,
    prompts = "task",
    ignoreIdenticalIds = false,
  } = options;
  checkMetrics(metrics, k);
  if (suite.tasks.length === 0) {
    throw new RangeError(
      `Cannot evaluate suite "${suite.name}": it must have a task: got none`,
    );
  }
  const queries = suite.tasks.map((task) => judgedQueries(task, split));
  const reports: TaskReport[] = [];
  for (const [domain, task] of suite.tasks.entries()) {
    const prompt = prompts === "task" ? task.prompt : "";
    const run = await retrieve(encode, task, queries[domain]!, prompt, {
      ...options,
      k,
    });
    await options.onRun?.(task, run);
    const { perQuery, mean } = evaluateRun(task.qrels[split]!, run, metrics, {
      ignoreIdenticalIds,
    });
    const report: TaskReport = {
      task: task.name,
      domain,
      prompt,
      passages: task.corpus.size,
      mean,
      queryIds: [...perQuery.keys()],
      perQuery: Object.fromEntries(metrics.map((metric) => [
        metric,
        Array.from(perQuery.values(), (values) => values[metric]!),
      ])),
    };
    reports.push(report);
    yield report;
  }
  return {
    format: "tdro-eval/1",
    suite: suite.name,
    settings: {
      split,
      metrics: [...metrics],
      k,
      prompts,
      ignoreIdenticalIds,
      ties: "float32 score descending, then passage id descending",
    },
    tasks: reports,
    mean: Object.fromEntries(metrics.map((metric) => [
      metric,
      reports.reduce((sum, { mean }) => sum + mean[metric]!, 0) /
      reports.length,
    ])),
  };
}

/** Encodes a task's texts and searches. */
async function retrieve(
  encode: EncodeFunction,
  task: Task,
  queries: readonly Query[],
  prompt: string,
  { k, chunk, multiply, signal, onProgress }: EvaluateOptions & { k: number },
): Promise<Run> {
  signal?.throwIfAborted();
  const total = queries.length + task.corpus.size;
  const report = (before: number) =>
    onProgress &&
    ((done: number) => onProgress(task.name, before + done, total));
  const embeddings = await encode(
    queries.map(({ text }) => queryText(prompt, text)),
    { kind: "query", signal, onProgress: report(0) },
  );
  return await exactSearch(
    { ids: queries.map(({ id }) => id), embeddings },
    embedPassages(encode, [...task.corpus.values()], {
      chunk,
      signal,
      onProgress: report(queries.length),
    }),
    { k, multiply, signal },
  );
}

/** The queries that have a judgment in the split, in the judgments' order. */
function judgedQueries(task: Task, split: SplitName): Query[] {
  const cannot = `Cannot evaluate task "${task.name}"`;
  const qrels = task.qrels[split];
  if (!qrels) {
    throw new RangeError(
      `${cannot}: split must be one of ${
        Object.keys(task.qrels).join(", ") || "(none)"
      }: got "${split}"`,
    );
  }
  const queries: Query[] = [];
  for (const [id, grades] of qrels) {
    if (grades.size === 0) continue;
    const query = task.queries.get(id);
    if (!query) {
      throw new RangeError(
        `${cannot}: query "${id}" of the ${split} judgments must be among the task's queries`,
      );
    }
    queries.push(query);
  }
  if (queries.length === 0) {
    throw new RangeError(
      `${cannot}: the ${split} judgments must judge at least one query: got none`,
    );
  }
  if (task.corpus.size === 0) {
    throw new RangeError(`${cannot}: the corpus must hold a passage: got none`);
  }
  return queries;
}

function checkMetrics(metrics: readonly string[], k: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new RangeError(
      `Cannot evaluate: k must be an integer of at least 1: got ${k}`,
    );
  }
  if (metrics.length === 0) {
    throw new RangeError(
      "Cannot evaluate: metrics must name at least one: got none",
    );
  }
  for (const name of metrics) {
    const { cut } = parseMetric(name);
    if (cut !== Infinity && cut > k) {
      throw new RangeError(
        `Cannot evaluate: k must be at least ${cut} for ${name}: got ${k}`,
      );
    }
  }
}
