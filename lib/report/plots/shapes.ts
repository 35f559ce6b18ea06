/**
 * What `show()` needs to know of the objects of other rooms. They are described
 * by their shape, because this room imports no other.
 */

/** A suite: tasks with their texts and judgments. */
export interface SuiteLike {
  /** Name of the suite. */
  name: string;
  /** Its tasks, in order. */
  tasks: readonly {
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
  }[];
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
    /** A task with its weight and nDCG@10 by arm. */
    tasks: readonly {
      name: string;
      size: number;
      weight: number;
      ndcg: Readonly<Record<string, number>>;
    }[];
  };
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
    tasks.every((task) => {
      const { name, corpus, queries, qrels } = fields(task) ?? {};
      return typeof name === "string" && corpus instanceof Map &&
        queries instanceof Map && fields(qrels) !== undefined;
    });
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

/** Whether a value looks like an arena's result. */
export function isArena(value: unknown): value is ArenaLike {
  const { format, strategies } = fields(value) ?? {};
  return typeof format === "string" && format.startsWith("tdro-arena/") &&
    Array.isArray(strategies);
}
