import { z } from "zod";
import { type BalanceName, BALANCES } from "../base/balance_names.ts";
import { computeAfterTrainingShape } from "../base/compute_option.ts";
import { PRESET_NAMES, type PresetName } from "../base/presets.ts";
import { withPreset } from "../base/with_preset.ts";
import { DEV_SIZES } from "../base/dev_sizes.ts";
import {
  DEFAULT_SCORE_MB,
  DEFAULT_TEMPERATURE,
  LARGEST_BATCH,
} from "../base/defaults.ts";
import { lengthShape } from "../base/length_options.ts";
import { refuseLongDims } from "./long_dims.ts";
import { DEFAULT_FOLDER } from "./folder_name.ts";
import {
  refuseIdleFloor,
  type WeightOptions,
  weightShape,
} from "./weight_options.ts";

/** Settings of a whole experiment, all with their values. */
export interface ExperimentOptions extends WeightOptions {
  /** Published settings that hold where others are left out; absent: none. */
  preset?: PresetName | undefined;
  /**
   * Folder of the run; made if absent. `{suite}` stands for the suite's name, `{n}`
   * for the number of the folder that holds the same run, or else the next one.
   */
  out: string;
  /** Seed for everything random. */
  seed: number;
  /** Hugging Face folder to fine-tune; absent: a small encoder from scratch. */
  model?: string | undefined;
  /** From scratch: entries of the tokenizer. */
  vocabSize: number;
  /** From scratch: transformer layers. */
  layers: number;
  /** From scratch: width of the hidden states. */
  hiddenSize: number;
  /** From scratch: attention heads. */
  heads: number;
  /** Updates of each retriever (stages 0 and 2). */
  steps: number;
  /** Queries per update of the retrievers, all of one task. */
  batchSize: number;
  /** Tasks that share an update of a retriever, in equal parts. */
  tasksPerUpdate: number;
  /** How their losses are weighed against each other; absent: all alike. */
  balance?: BalanceName | undefined;
  /** Passages per query: one positive, the rest hard negatives. */
  passages: number;
  /** Share of the tasks that the top arm trains on, in percent. */
  topPercent: number;
  /** Most expected passes of an arm over a task's rows; absent: no limit. */
  maxPasses?: number | undefined;
  /** Peak learning rate; absent: 5e-5 with a model, 2e-3 from scratch. */
  learningRate?: number | undefined;
  /** Share of the updates over which the learning rate rises. */
  warmup: number;
  /** Decoupled weight decay. */
  weightDecay: number;
  /** What matrix products multiply in training. */
  precision: "float32" | "bfloat16";
  /** Dropout rate of the hidden states. */
  hiddenDropout: number;
  /** Whether the tables of word, position and type embeddings are trained. */
  trainEmbeddings: boolean;
  /** Parameters that stay as they are: names or beginnings up to a dot. */
  freeze: string[];
  /** Compute each layer again for its gradient, to save memory. */
  checkpointing: boolean;
  /** Maximum tokens encoded at once (GradCache); absent: a whole batch. */
  chunkTokens?: number | undefined;
  /**
   * Parts of a batch whose gradients are summed in a fixed order, so that any number
   * of workers gives the same bits; absent: one a worker.
   */
  deterministicSlots?: number | undefined;
  /** What gradients travel in between workers; absent: float32. */
  gradientSum?: "float32" | "bfloat16" | undefined;
  /** Divides the scores in the loss. */
  temperature: number;
  /** Largest matrix of scores in memory, MiB; a larger one is computed in tiles. */
  scoreMb: number;
  /**
   * Lengths at which vectors are trained beside their own, so that they can be cut
   * (Matryoshka); absent: their own alone.
   */
  matryoshka?: number[] | undefined;
  /** Weight of the loss at each of those lengths; absent: 1 each. */
  matryoshkaWeights?: number[] | undefined;
  /**
   * Weight of the divergence from a teacher's scores (`ce_score`), which the folder of
   * mined negatives has; absent: it isn't trained on.
   */
  distillation?: number | undefined;
  /** Divides the teacher's scores; absent: 1. */
  teacherTemperature?: number | undefined;
  /** Maximum tokens per query; absent: as `textLimits()` says of the model. */
  queryLength?: number | undefined;
  /** Maximum tokens per passage; absent: as `textLimits()` says of the model. */
  passageLength?: number | undefined;
  /** Hard negatives mined for each query; a folder of mined ones has its own. */
  negatives: number;
  /** Prefix of each query: its task's instruction, or none. */
  prompts: "task" | "none";
  /** Folder of `tdro mine` with the hard negatives; absent: they are mined first. */
  mined?: string | undefined;
  /** Pool of `tdro eval pool` to evaluate on; absent: whole corpora. */
  pool?: string | undefined;
  /** What products multiply in evaluations on the test splits; absent: float32. */
  computeType?: "float32" | "bfloat16" | "int8" | undefined;
  /**
   * What finds the hard negatives; `"fused"`: both, by reciprocal rank; absent:
   * BM25.
   */
  mineBy?: "bm25" | "dense" | "fused" | undefined;
  /** Model folder for `mineBy`; with `"bm25"` it filters only. */
  mineModel?: string | undefined;
  /** What becomes of training queries without a hard negative; absent: dropped. */
  bareQueries?: "drop" | "in-batch" | undefined;
  /** Updates between checkpoints. */
  checkpointEvery: number;
  /** Updates between two evaluations on dev queries; absent: none. */
  evalEvery?: number | undefined;
  /** Dev queries of each task that are evaluated, at most. */
  evalQueries: number;
  /** Passages of each task that are searched for them; judged ones are always in. */
  evalPassages: number;
  /** Which model an arm is: the last, or the one with the best mean dev nDCG@10. */
  keep: "last" | "best";
  /** Evaluations in a row without a better mean that end training; absent: none do. */
  patience?: number | undefined;
  /**
   * Dev queries of a task without a dev split: none, which is refused, or some of
   * its training queries, which aren't trained on then.
   */
  devFrom: "dev" | "train";
}

const positive = () => z.number().int().min(1);

/** The object schema behind {@linkcode experimentOptions}; commands extend it. */
export const experimentShape = {
  preset: z.enum(PRESET_NAMES).optional().describe(
    "Published settings, for the options that are left out; the command says what it sets",
  ),
  out: z.string().min(1).default(DEFAULT_FOLDER).meta({ placeholder: "FOLDER" })
    .describe(
      "Folder of the run; {suite} stands for the suite's name, {n} for the next number",
    ),
  seed: z.number().int().min(0).default(42).describe(
    "Seed for everything random",
  ),
  model: z.string().min(1).optional().meta({ placeholder: "FOLDER" }).describe(
    "Hugging Face folder to fine-tune; without it, a small encoder from scratch",
  ),
  vocabSize: positive().default(8000).describe(
    "From scratch: entries of the tokenizer",
  ),
  layers: positive().default(1).describe("From scratch: transformer layers"),
  hiddenSize: positive().default(128).describe(
    "From scratch: width of the hidden states",
  ),
  heads: positive().default(2).describe("From scratch: attention heads"),
  steps: positive().default(120).describe(
    "Updates of each retriever (stages 0 and 2)",
  ),
  batchSize: z.number().int().min(2).max(LARGEST_BATCH).default(32).describe(
    "Queries per update of a retriever, all of one task unless --tasks-per-update is given",
  ),
  tasksPerUpdate: positive().default(1).describe(
    "Tasks that share each update of a retriever, in equal parts of the batch; negatives come from a query's own task",
  ),
  balance: z.enum(BALANCES).optional().describe(
    "Weigh the losses of the tasks in an update, with --tasks-per-update: by learned uncertainty (free), by gradient norms, or remove what conflicts between gradients (both: one more backward pass per task); default: all alike",
  ),
  passages: positive().default(2).describe(
    "Passages per query: one positive, the rest hard negatives",
  ),
  ...weightShape,
  topPercent: z.number().min(1).max(100).default(70).describe(
    "Share of the tasks that the top arm trains on, in percent",
  ),
  maxPasses: z.number().positive().optional().describe(
    "Maximum expected passes over a task's rows, for the uniform and the " +
      "reweighted arm alike; the excess goes to the other tasks; default: no " +
      "limit",
  ),
  learningRate: z.number().positive().optional().describe(
    "Peak learning rate; default 5e-5 with a model, 2e-3 from scratch",
  ),
  warmup: z.number().min(0).max(1).default(0.1).describe(
    "Share of the updates over which the learning rate rises",
  ),
  weightDecay: z.number().min(0).default(0.01).describe(
    "Decoupled weight decay",
  ),
  precision: z.enum(["float32", "bfloat16"]).default("float32").describe(
    "Number format of matrix products in training; bfloat16 is faster, on " +
      "the tensorflow backend",
  ),
  hiddenDropout: z.number().min(0).lt(1).default(0).describe(
    "Dropout rate of the hidden states",
  ),
  trainEmbeddings: z.boolean().default(true).describe(
    "Train the word, position and type embeddings too",
  ),
  freeze: z.array(z.string().min(1)).default([]).meta({ placeholder: "NAME" })
    .describe(
      "Parameters to freeze: names, or beginnings of names up to a dot, " +
        "e.g. encoder.layer.0",
    ),
  checkpointing: z.boolean().default(false).describe(
    "Gradient checkpointing: less memory, one more forward pass",
  ),
  chunkTokens: positive().optional().describe(
    "Maximum tokens encoded at once (GradCache), so that memory doesn't " +
      "grow with the batch; default: a whole batch",
  ),
  deterministicSlots: positive().refine(isPowerOfTwo, {
    error: "expected a power of two",
  }).optional().describe(
    "Sum gradients over so many equal parts of each batch in a fixed order, so that 1, 2, 4, … workers give the same bits: a power of two, and a multiple of their number; default: one part a worker",
  ),
  gradientSum: z.enum(["float32", "bfloat16"]).optional().describe(
    "What gradients travel in between workers; bfloat16 halves the traffic; default: float32",
  ),
  temperature: z.number().positive().default(DEFAULT_TEMPERATURE).describe(
    "Divides the scores in the loss",
  ),
  scoreMb: z.number().positive().default(DEFAULT_SCORE_MB).describe(
    "Largest matrix of scores that the loss keeps in memory, in MiB: queries × passages of a batch × 4 bytes; a larger one is computed in tiles, so that memory doesn't grow with the batch's square",
  ),
  matryoshka: z.array(positive()).min(1).optional().meta({ placeholder: "N" })
    .describe(
      "Train vectors that can be cut to these lengths: the loss at each, and at the whole length, summed; evaluations tell each length's score",
    ),
  matryoshkaWeights: z.array(z.number().min(0)).min(1).optional()
    .meta({ placeholder: "X" }).describe(
      "Weight of the loss at each length of --matryoshka; default: 1 each",
    ),
  distillation: z.number().gt(0).optional().describe(
    "Also train on the scores of a teacher that are in --mined (ce_score, by tdro mine --teacher): weight of the divergence from them, e.g. 1",
  ),
  teacherTemperature: z.number().gt(0).optional().describe(
    "Divides the teacher's scores; default 1",
  ),
  ...lengthShape,
  negatives: positive().default(8).describe(
    "Hard negatives to mine per query; those of --mined are used as they are",
  ),
  mined: z.string().min(1).optional().meta({ placeholder: "FOLDER" }).describe(
    "Folder that tdro mine wrote, with hard negatives for this suite; " +
      "without it, they are mined first",
  ),
  pool: z.string().min(1).optional().meta({ placeholder: "FILE" }).describe(
    "Evaluate on this pool, which tdro eval pool made, rather than on whole corpora: much cheaper, and comparable only with the same pool",
  ),
  ...computeAfterTrainingShape,
  // Absent, not with a default: so are they in the records of earlier runs.
  mineBy: z.enum(["bm25", "dense", "fused"]).optional().describe(
    "What retrieves the hard negatives; fused: both, by reciprocal rank; " +
      "default: bm25",
  ),
  mineModel: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
    .describe(
      "Model folder, for --mine-by dense or fused; with bm25, it filters only",
    ),
  bareQueries: z.enum(["drop", "in-batch"]).optional().describe(
    "Training queries without a hard negative: leave them out, or use " +
      "positives of other queries; default: drop",
  ),
  prompts: z.enum(["task", "none"]).default("task").describe(
    "Prefix of each query: its task's instruction, or none",
  ),
  checkpointEvery: positive().default(50).describe(
    "Updates between checkpoints",
  ),
  evalEvery: positive().optional().describe(
    "Updates between two evaluations of a retriever on dev queries while it trains; default: none",
  ),
  evalQueries: positive().default(DEV_SIZES.queries).describe(
    "For --eval-every: dev queries per task, at most",
  ),
  evalPassages: positive().default(DEV_SIZES.passages).describe(
    "For --eval-every: passages per task that are searched, judged ones always among them",
  ),
  keep: z.enum(["last", "best"]).default("last").describe(
    "Which model of a training counts: the last one, or the one with the best mean dev nDCG@10",
  ),
  patience: positive().optional().describe(
    "End training after so many evaluations in a row without a better mean dev nDCG@10; default: never",
  ),
  devFrom: z.enum(["dev", "train"]).default("dev").describe(
    "Where a task's dev queries come from if it has no dev split: nowhere, which is refused, or a tenth of its training queries, held out",
  ),
};

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n));
}

/** Checks settings and fills in defaults; the one place that knows them. */
export const experimentOptions: z.ZodType<
  ExperimentOptions,
  Partial<ExperimentOptions>
> = z.strictObject(experimentShape) as z.ZodType<
  ExperimentOptions,
  Partial<ExperimentOptions>
>;

/**
 * Checks settings and fills in defaults.
 *
 * @param input Settings, some or all.
 * @throws {RangeError} If one is unknown or out of bounds; the message names it.
 *
 * @example Usage
 * ```ts
 * import { parseExperimentOptions } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * assert.equal(parseExperimentOptions({ steps: 10 }).seed, 42);
 * assert.throws(() => parseExperimentOptions({ steps: 0 }), /steps/);
 * ```
 */
export function parseExperimentOptions(
  input: Partial<ExperimentOptions>,
): ExperimentOptions {
  const parsed = experimentOptions.safeParse(
    withPreset(input, Object.keys(experimentShape)).values,
  );
  if (parsed.success) {
    refuseIdleFloor(parsed.data);
    refuseLoneTasks(parsed.data);
    const settings = withTeacher(withLengths(withMiner(parsed.data)));
    return withDevSettings(settings);
  }
  const { path, message } = parsed.error.issues[0]!;
  throw new RangeError(
    `Cannot run the experiment: ${path.join(".") || "options"}: ${message}`,
  );
}

/** Refuses parts of a batch without negatives, and a balance with nothing to weigh. */
function refuseLoneTasks(
  { tasksPerUpdate, batchSize, balance }: ExperimentOptions,
): void {
  if (2 * tasksPerUpdate > batchSize) {
    throw new RangeError(
      `Cannot run the experiment: --tasks-per-update must leave each task 2 queries of --batch-size ${batchSize}: got ${tasksPerUpdate}`,
    );
  }
  if (balance !== undefined && tasksPerUpdate < 2) {
    throw new RangeError(
      `Cannot run the experiment: --balance ${balance} weighs the tasks of one update: raise --tasks-per-update to 2 or more`,
    );
  }
}

/** Refuses what says twice, or not at all, where hard negatives come from. */
function withMiner(options: ExperimentOptions): ExperimentOptions {
  const { mined, mineBy, mineModel } = options;
  if (mined !== undefined && (mineModel ?? mineBy)) {
    throw new RangeError(
      "Cannot run the experiment: --mined names a folder of negatives that are mined already; leave out --mine-by and --mine-model, or --mined",
    );
  }
  if (mineBy && mineBy !== "bm25" && mineModel === undefined) {
    throw new RangeError(
      `Cannot run the experiment: --mine-by ${mineBy} needs a model folder ` +
        "with --mine-model; or use --mine-by bm25",
    );
  }
  return options;
}

/** Refuses a teacher that no scores can come from, and settings of none. */
function withTeacher(options: ExperimentOptions): ExperimentOptions {
  const { distillation, teacherTemperature, mined } = options;
  if (distillation === undefined && teacherTemperature !== undefined) {
    throw new RangeError(
      "Cannot run the experiment: --teacher-temperature needs --distillation, whose scores it divides",
    );
  }
  if (distillation !== undefined && mined === undefined) {
    throw new RangeError(
      "Cannot run the experiment: --distillation needs --mined, a folder with a teacher's scores; tdro mine --teacher writes one",
    );
  }
  return options;
}

/** Refuses lengths of vectors, and weights of them, that can't be. */
function withLengths(options: ExperimentOptions): ExperimentOptions {
  const { matryoshka, matryoshkaWeights: weights, model, hiddenSize } = options;
  if (matryoshka === undefined) {
    if (weights === undefined) return options;
    throw new RangeError(
      "Cannot run the experiment: --matryoshka-weights needs --matryoshka, the lengths that they are of",
    );
  }
  const twice = matryoshka.find((dim, i) => matryoshka.indexOf(dim) < i);
  if (twice !== undefined) {
    throw new RangeError(
      `Cannot run the experiment: --matryoshka must name each length once: got ${twice} twice`,
    );
  }
  if (weights && weights.length !== matryoshka.length) {
    throw new RangeError(
      `Cannot run the experiment: --matryoshka-weights must be ${matryoshka.length}, one for each length of --matryoshka: got ${weights.length}`,
    );
  }
  if (model === undefined) refuseLongDims(matryoshka, hiddenSize);
  return options;
}

/** Refuses what would do nothing, as there are no evaluations while training. */
function withDevSettings(options: ExperimentOptions): ExperimentOptions {
  if (options.evalEvery !== undefined) return options;
  const { keep, patience, evalQueries, evalPassages } = options;
  const [idle] = [
    keep === "best" ? ["--keep best"] : [],
    patience === undefined ? [] : ["--patience"],
    evalQueries === DEV_SIZES.queries ? [] : ["--eval-queries"],
    evalPassages === DEV_SIZES.passages ? [] : ["--eval-passages"],
  ].flat();
  if (idle === undefined) return options;
  throw new RangeError(
    `Cannot run the experiment: ${idle} needs evaluations while training: add --eval-every, e.g. --eval-every ${
      Math.max(1, Math.ceil(options.steps / 10))
    }`,
  );
}

/** Peak learning rate of these settings. */
export function peakRate({ learningRate, model }: ExperimentOptions): number {
  return learningRate ?? (model ? 5e-5 : 2e-3);
}
