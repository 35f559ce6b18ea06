/**
 * What `show()` needs to know of the objects of other rooms. They are described
 * by their shape, because this room imports no other.
 */

/** A suite: tasks with their texts and judgments. */
export interface SuiteLike {
  /** Name of the suite. */
  name: string;
  /** Its tasks, in order. */
  tasks: readonly TaskLike[];
}

/** A task with its texts and judgments. */
export interface TaskLike {
  /** Name of the task. */
  name: string;
  /** Kind of the task. */
  kind?: string;
  /** Its language, or languages. */
  language?: string | readonly string[];
  /** Instruction before each query. */
  prompt?: string;
  /** Passages by id. */
  corpus: ReadonlyMap<string, unknown>;
  /** Queries by id. */
  queries: ReadonlyMap<string, unknown>;
  /** Judged queries by split. */
  qrels: Readonly<Record<string, ReadonlyMap<string, unknown> | undefined>>;
}

/** An encoder: sizes, what it does with texts, and its parameters. */
export interface EncoderLike {
  /** Sizes of the transformer, `modelType` among them. */
  config: Readonly<Record<string, unknown>>;
  /** Pooling, normalisation, length limit, prompts. */
  modules: Readonly<Record<string, unknown>>;
  /** Most tokens of a text. */
  maxLength?: number;
  /** Parameters by name. */
  parameters: ReadonlyMap<
    string,
    { size: number; trainable?: boolean; dtype?: string }
  >;
  /** Its adapter, if it has one. */
  lora?: Readonly<Record<string, unknown>>;
}

/** Domain weights as a weight file holds them. */
export interface WeightFileLike {
  /** Task names. */
  names: readonly string[];
  /** Weights, in the order of the names. */
  weights: readonly number[];
  /** Rows of each task. */
  sizes: readonly number[];
  /** Passes over each task. */
  epochs: readonly number[];
}

/** What an update of a training run reported. */
export interface TrainingStepLike {
  /** Number of the update, from 0. */
  step: number;
  /** Mean loss. */
  loss: number;
  /** Loss of each example. */
  losses: readonly number[];
  /** Domain of each example. */
  domains: readonly number[];
  /** Norm of the gradients. */
  gradNorm: number;
  /** Tokens encoded. */
  tokens: number;
  /** Wall time in seconds. */
  seconds: number;
  /** State of the weights, where they are being learned. */
  state?: { curr: readonly number[] };
}

/** What an evaluation between two updates found. */
export interface DevReportLike {
  /** Updates made before it; 0 is the start. */
  step: number;
  /** Mean score over the tasks. */
  mean: number;
  /** Score by task, in [0, 1]. */
  scores: Readonly<Record<string, number>>;
}

/** What a finished run left, as `readRun()` and `runExperiment()` give it. */
export interface FinishedRunLike {
  /** Its verdict. */
  summary: {
    /** Name of the suite. */
    suite: string;
    /** Seed. */
    seed: number;
    /** Mean nDCG@10 by arm. */
    mean: Readonly<Record<string, number>>;
    /** The same without training. */
    baselines?: Readonly<Record<string, number>>;
    /** A task with its weight and nDCG@10 by arm. */
    tasks: readonly {
      name: string;
      size: number;
      weight: number;
      otherWeight?: number;
      ndcg: Readonly<Record<string, number>>;
      baselines?: Readonly<Record<string, number>>;
    }[];
  };
  /** What each arm scored. */
  reports?: Readonly<Record<string, EvalReportLike>>;
  /** The log. */
  metrics?: readonly MetricsLineLike[];
}

/** What an evaluation measured. */
export interface EvalReportLike {
  /** Form of the record. */
  format: string;
  /** Name of the suite. */
  suite: string;
  /** Metrics of each task. */
  tasks: readonly {
    task: string;
    queryIds: readonly string[];
    mean: Readonly<Record<string, number>>;
    perQuery: Readonly<Record<string, readonly number[]>>;
  }[];
  /** Means over the tasks. */
  mean: Readonly<Record<string, number>>;
}

/** A line of a run's log: what one update did. */
export interface MetricsLineLike {
  /** Stage of the run. */
  stage: string;
  /** Number of the update within its stage, from 0. */
  step: number;
  /** Mean of what was differentiated; null where it was no number. */
  loss: number | null;
  /** Mean loss by task name, of the tasks in the update. */
  lossByTask?: Readonly<Record<string, number | null>>;
  /** The same of the reference model. */
  referenceLossByTask?: Readonly<Record<string, number | null>>;
  /** Domain weights after the update, in the suite's order. */
  weights?: readonly number[];
  /** Weights by the other measure. */
  otherWeights?: readonly number[];
  /** Norm of all gradients before clipping. */
  gradNorm?: number;
  /** Learning rate. */
  learningRate?: number;
  /** Tokens encoded. */
  tokens?: number;
  /** Wall time in seconds. */
  seconds?: number;
}

/** A model to search with, as `openRetriever()` gives it. */
export interface RetrieverLike {
  /** What it is called. */
  label: string;
  /** Its model folder. */
  folder: string;
  /** How texts are written and cut. */
  encoding: {
    queryLength: number;
    passageLength: number;
    prompts: string;
  };
  /** What computes it. */
  backend: { name: string; device: string };
}

/** What an arena came to, as `compareMixtures()` gives it. */
export interface ArenaLike {
  /** Form of the record. */
  format: string;
  /** Name of the suite. */
  suite: string;
  /** Seeds of the arms. */
  seeds: readonly number[];
  /** Outcome of each strategy. */
  strategies: readonly {
    name: string;
    mean: number;
    difference: number;
    interval: readonly [number, number] | null;
    pHolm: number | null;
    proxySteps: number;
  }[];
}

type Fields = Record<string, unknown>;

function fields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null
    ? value as Fields
    : undefined;
}

/** Whether a value looks like a suite. */
export function isSuite(value: unknown): value is SuiteLike {
  const { name, tasks } = fields(value) ?? {};
  return typeof name === "string" && Array.isArray(tasks) &&
    tasks.every(isTask);
}

/** Whether a value looks like a task. */
export function isTask(value: unknown): value is TaskLike {
  const { name, corpus, queries, qrels } = fields(value) ?? {};
  return typeof name === "string" && corpus instanceof Map &&
    queries instanceof Map && fields(qrels) !== undefined;
}

/** Whether a value looks like an encoder. */
export function isEncoder(value: unknown): value is EncoderLike {
  const { config, modules, parameters } = fields(value) ?? {};
  return typeof fields(config)?.modelType === "string" &&
    fields(modules) !== undefined && parameters instanceof Map;
}

/** Whether a value looks like a weight file. */
export function isWeightFile(value: unknown): value is WeightFileLike {
  const { names, weights, sizes, epochs } = fields(value) ?? {};
  return [names, weights, sizes, epochs].every((list) =>
    Array.isArray(list) && list.length === (names as unknown[]).length
  );
}

/** Whether a value looks like a finished run. */
export function isFinishedRun(value: unknown): value is FinishedRunLike {
  const { suite, mean, tasks } = fields(fields(value)?.summary) ?? {};
  return typeof suite === "string" && fields(mean) !== undefined &&
    Array.isArray(tasks) &&
    tasks.every((task) => fields(fields(task)?.ndcg) !== undefined);
}

/** Whether a value looks like an evaluation. */
export function isEvalReport(value: unknown): value is EvalReportLike {
  const { format, tasks, mean } = fields(value) ?? {};
  return typeof format === "string" && format.startsWith("tdro-eval/") &&
    Array.isArray(tasks) && fields(mean) !== undefined;
}

/** Whether a value looks like an opened retriever. */
export function isRetriever(value: unknown): value is RetrieverLike {
  const { label, folder, encoding, backend } = fields(value) ?? {};
  return typeof label === "string" && typeof folder === "string" &&
    typeof fields(encoding)?.queryLength === "number" &&
    typeof fields(backend)?.name === "string";
}

/** Whether a value looks like an arena's result. */
export function isArena(value: unknown): value is ArenaLike {
  const { format, strategies } = fields(value) ?? {};
  return typeof format === "string" && format.startsWith("tdro-arena/") &&
    Array.isArray(strategies);
}
