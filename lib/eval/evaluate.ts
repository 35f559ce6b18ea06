import type { Query, Run, SplitName, Suite, Task } from "../data/types.ts";
import type { EncodeFunction } from "../model/types.ts";
import type { Shard } from "../search/exact/shards.ts";
import type { ExactSearchOptions } from "../search/exact/top_k.ts";
import type { SearchKernels } from "../search/quantised/quantised_store.ts";
import type { RetrieveFunction } from "../search/types.ts";
import { checkRescoring, type SmallSearch } from "../search/mod.ts";
import { DataHash } from "./records/data_hash.ts";
import { evaluateRun } from "./evaluate_run.ts";
import { SizeTable } from "./sizes/size_table.ts";
import type { SizesOptions } from "./sizes/vector_size.ts";
import { denseSearch } from "./dense_search.ts";
import type { EmbeddingCache } from "./passage_vectors.ts";
import type {
  EvalOrigin,
  EvalReport,
  EvalSettings,
  TaskReport,
} from "./records/eval_report.ts";
import { type EarlierReport, earlierReport } from "./records/earlier_report.ts";
import { reportHead } from "./records/report_head.ts";
import {
  checkMetrics,
  meanOfTasks,
  taskReport,
  TIES,
} from "./records/task_report.ts";

/** Metrics where none are named. */
const DEFAULT_METRICS: readonly string[] = ["nDCG@10", "Recall@100"];

/** What is measured, whatever finds the passages. */
export interface EvaluateRetrieverOptions {
  /** The split whose judged queries are run. @default {"test"} */
  split?: SplitName;
  /** Names of metrics. @default {["nDCG@10", "Recall@100"]} */
  metrics?: readonly string[];
  /** Passages retrieved for each query. @default {1000} */
  k?: number;
  /**
   * Leaves out passages whose id is the query's, after the cut at k; for tasks
   * whose queries are themselves in the corpus. @default {false}
   */
  ignoreIdenticalIds?: boolean;
  /** Stops the work at the next batch. */
  signal?: AbortSignal;
  /** Gets each task's run, for instance to write it to a file. */
  onRun?: (task: Task, run: Run) => void | Promise<void>;
  /** Name of what finds passages, for the record. @default {"retriever"} */
  retriever?: string;
  /**
   * Whether it puts the task's instruction before each query itself; for the
   * record. @default {"none"}
   */
  prompts?: "task" | "none";
  /**
   * SHA-256 of the pool that the suite was cut to by `pooledSuite()`; for the record.
   */
  pool?: string | undefined;
  /** What measures, where; goes into the report as it is. */
  origin?: EvalOrigin;
  /**
   * A report that was written before: nothing is measured, and it is given again,
   * if all that numbers depend on is the same; otherwise it is an error.
   */
  earlier?: EarlierReport;
}

/** Options for {@linkcode evaluate}. */
export interface EvaluateOptions
  extends
    Omit<EvaluateRetrieverOptions, "retriever" | "prompts">,
    Pick<ExactSearchOptions, "multiply" | "prepare" | "dtype">,
    Pick<SearchKernels, "prepareSteps" | "hamming">,
    Partial<SmallSearch> {
  /**
   * Instruction before each query, e5 style: the task's own, or none.
   * @default {"task"}
   */
  prompts?: "task" | "none";
  /** Passages encoded, and held in memory, at a time. @default {4096} */
  chunk?: number;
  /**
   * Keeps the vectors of passages on disk, so that the next evaluation of the
   * same model needn't make them. @default none
   */
  cache?: EmbeddingCache;
  /**
   * Searches only one part of each corpus, for work shared out among machines;
   * metrics are then of that part alone. Keep the runs (`onRun`), and put the
   * parts together by {@linkcode evaluateShards}. @default all
   */
  shard?: Shard;
  /**
   * Measures smaller vectors beside the whole ones, which are encoded once and in
   * memory meanwhile; the report then has `sizes`. @default none
   */
  sizes?: SizesOptions | undefined;
  /** Called with the texts of a task encoded so far. */
  onProgress?: (task: string, done: number, total: number) => void;
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
export function evaluate(
  encode: EncodeFunction,
  suite: Suite,
  options: EvaluateOptions = {},
): AsyncGenerator<TaskReport, EvalReport> {
  const { prompts = "task", dtype = "f32", shard } = options;
  const { precision = "float32", rescore, rescoreBy } = options;
  const rescoring = checkRescoring({ precision, rescore, rescoreBy });
  if (precision !== "float32" && dtype !== "f32") {
    throw new RangeError(
      `Cannot evaluate: dtype must be f32 with vectors of precision ${precision}: got ${dtype}`,
    );
  }
  const prompt = (task: Task) => prompts === "task" ? task.prompt : "";
  const settings: RetrieverSettings = {
    prompts,
    retriever: "dense, exact search",
    dtype,
  };
  if (precision !== "float32") {
    Object.assign(settings, rescoring);
  }
  const { sizes, metrics = DEFAULT_METRICS, split = "test" } = options;
  if (sizes) {
    refuseBesideSizes({ precision, dtype, shard });
    const { rng: _, ...said } = sizes;
    settings.sizes = said;
  }
  const table = new SizeTable(metrics);
  if (shard) settings.shard = `${shard.index + 1}/${shard.count}`;
  const reports = evaluateTasks(suite, options, {
    settings,
    prompt,
    retrieve: (task, queries, k) =>
      denseSearch(encode, { task, queries }, {
        ...options,
        k,
        prompt: prompt(task),
        onSize: (size, run) =>
          table.add(
            size,
            task.name,
            evaluateRun(task.qrels[split]!, run, metrics, options),
          ),
      }),
  });
  return sizes && !options.earlier ? withSizes(reports, table, sizes) : reports;
}

/** The report with what smaller vectors scored. */
async function* withSizes(
  reports: AsyncGenerator<TaskReport, EvalReport>,
  table: SizeTable,
  { rng }: SizesOptions,
): AsyncGenerator<TaskReport, EvalReport> {
  const report = yield* reports;
  return { ...report, sizes: table.rows(rng) };
}

/** Sizes are compared with whole vectors of whole corpora. */
function refuseBesideSizes(
  { precision, dtype, shard }: Pick<
    EvaluateOptions,
    "precision" | "dtype" | "shard"
  >,
): void {
  const other = shard
    ? "shard"
    : precision !== "float32"
    ? "precision"
    : dtype !== "f32"
    ? "dtype"
    : undefined;
  if (other === undefined) return;
  throw new RangeError(
    `Cannot evaluate: ${other} must be left out where sizes are compared with whole vectors`,
  );
}

/**
 * Measures any retriever, task by task, as {@linkcode evaluate} measures an
 * encoder: BM25, a fusion of several, or an engine from elsewhere.
 *
 * @param open Makes a task's retriever; queries come without prompt.
 * @param suite The tasks.
 * @param options What to measure.
 * @yields The report of each task when it is done.
 * @returns The report of the suite; {@linkcode collectReport} waits for it.
 * @throws {RangeError} As {@linkcode evaluate}.
 *
 * @example Usage
 * ```ts
 * import { collectReport, evaluateRetriever } from "@tdro/tdro/eval";
 * import { bm25Retriever } from "@tdro/tdro/search";
 * import { taskFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const task = await taskFromRows(
 *   [{ query: "opening hours", passage: "Opening hours: nine to five", split: "test" }],
 *   { name: "faq" },
 * );
 * const suite = { name: "mine", tasks: [task] };
 * const { mean } = await collectReport(
 *   evaluateRetriever(bm25Retriever, suite, { retriever: "BM25" }),
 * );
 * assert.equal(mean["nDCG@10"], 1);
 * ```
 */
export function evaluateRetriever(
  open: (task: Task) => RetrieveFunction | Promise<RetrieveFunction>,
  suite: Suite,
  options: EvaluateRetrieverOptions = {},
): AsyncGenerator<TaskReport, EvalReport> {
  const { retriever = "retriever", prompts = "none" } = options;
  return evaluateTasks(suite, options, {
    settings: { prompts, retriever },
    prompt: (task) => prompts === "task" ? task.prompt : "",
    retrieve: async (task, queries, k) => (await open(task))(queries, k),
  });
}

/** What the report tells of what finds the passages. */
type RetrieverSettings = Pick<
  EvalSettings,
  | "prompts"
  | "retriever"
  | "dtype"
  | "shard"
  | "precision"
  | "rescore"
  | "rescoreBy"
  | "sizes"
>;

/** What finds the passages of each task. */
interface TaskRetriever {
  settings: RetrieverSettings;
  prompt: (task: Task) => string;
  retrieve: (
    task: Task,
    queries: readonly Query[],
    k: number,
  ) => Run | Promise<Run>;
}

async function* evaluateTasks(
  suite: Suite,
  options: EvaluateRetrieverOptions,
  retriever: TaskRetriever,
): AsyncGenerator<TaskReport, EvalReport> {
  const {
    split = "test",
    metrics = DEFAULT_METRICS,
    k = 1000,
    ignoreIdenticalIds = false,
    signal,
    origin,
  } = options;
  checkMetrics(metrics, k);
  if (suite.tasks.length === 0) {
    throw new RangeError(
      `Cannot evaluate suite "${suite.name}": it must have a task: got none`,
    );
  }
  const queries = suite.tasks.map((task) => judgedQueries(task, split));
  const settings: EvalSettings = {
    split,
    metrics: [...metrics],
    k,
    ignoreIdenticalIds,
    ties: TIES,
    ...retriever.settings,
  };
  if (options.pool !== undefined) settings.pool = options.pool;
  const head = reportHead(suite.name, settings, origin);
  const factsOf = (task: Task, domain: number) => {
    const hash = new DataHash(queries[domain]!, task.qrels[split]!);
    for (const passage of task.corpus.values()) hash.add(passage);
    return {
      task: task.name,
      domain,
      prompt: retriever.prompt(task),
      passages: task.corpus.size,
      data: hash.end(),
    };
  };
  if (options.earlier) {
    const nothing = { queryIds: [], perQuery: {}, mean: {} };
    const tasks = suite.tasks.map((task, k) => ({
      ...factsOf(task, k),
      ...nothing,
    }));
    return yield* earlierReport({ ...head, tasks, mean: {} }, options.earlier);
  }
  const reports: TaskReport[] = [];
  for (const [domain, task] of suite.tasks.entries()) {
    signal?.throwIfAborted();
    const run = await retriever.retrieve(task, queries[domain]!, k);
    await options.onRun?.(task, run);
    const report = taskReport(factsOf(task, domain), {
      qrels: task.qrels[split]!,
      run,
      metrics,
      ignoreIdenticalIds,
    });
    reports.push(report);
    yield report;
  }
  return {
    ...head,
    tasks: reports,
    mean: meanOfTasks(reports, metrics),
  };
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

export type {
  EvalData,
  EvalModel,
  EvalOrigin,
  EvalReport,
  EvalSettings,
  TaskReport,
} from "./records/eval_report.ts";
