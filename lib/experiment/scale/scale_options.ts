import { z } from "zod";
import { experimentShape } from "../experiment_options.ts";

/** A size of an encoder from scratch. */
export interface ScaleSize {
  /** Transformer layers. */
  layers: number;
  /** Width of the hidden states. */
  hiddenSize: number;
}

/** Settings of a grid of trainings. */
export interface ScaleSettings {
  /** Folder of the grid. */
  out: string;
  /** Sizes, each as `LAYERSxWIDTH`. */
  sizes: string[];
  /** Shares of each task's training queries, in (0, 1]. */
  data: number[];
  /** Seeds; each trains every pair of size and data. */
  seeds: number[];
  /** Updates of each training. */
  steps: number;
  /** Queries per update. */
  batchSize: number;
  /** Passages per query: one positive, the rest hard negatives. */
  passages: number;
  /** Peak learning rate. */
  learningRate: number;
  /** Entries of the tokenizers. */
  vocabSize: number;
  /** Maximum tokens per query. */
  queryLength: number;
  /** Maximum tokens per passage. */
  passageLength: number;
  /** What stands before each query. */
  prompts: "task" | "none";
  /** Test queries of each task that the entropy is measured on, at most. */
  testQueries: number;
  /** Random passages beside each positive. */
  negatives: number;
  /** How often they are drawn. */
  draws: number;
  /** Bootstrap samples of the law. */
  resamples: number;
}

const positive = () => z.number().int().min(1);
const size = z.string().regex(
  /^[1-9]\d*x[1-9]\d*$/,
  "must be LAYERSxWIDTH, such as 2x64",
);

/** Distinct values, so that none is trained twice. */
function distinct<T>(list: z.ZodArray<z.ZodType<T>>) {
  return list.min(1).refine(
    (values) => new Set(values).size === values.length,
    "must name each once",
  );
}

/** The object schema of {@linkcode ScaleSettings}; the command extends it. */
export const scaleShape = {
  out: z.string().min(1).default("runs/scale").meta({ placeholder: "FOLDER" })
    .describe("Folder of the grid; what it holds already isn't trained again"),
  sizes: distinct(z.array(size as z.ZodType<string>)).default([
    "1x32",
    "1x64",
    "2x64",
    "2x128",
    "4x128",
    "4x256",
  ]).meta({ placeholder: "SIZE" }).describe(
    "Sizes of the encoders from scratch, each as LAYERSxWIDTH; a head has 32 numbers at most",
  ),
  data: distinct(z.array(z.number().positive().max(1))).default([
    0.1,
    0.25,
    0.5,
    1,
  ]).meta({ placeholder: "SHARE" }).describe(
    "Shares of each task's training queries; smaller ones are parts of larger ones",
  ),
  seeds: distinct(z.array(z.number().int().min(0))).default([1]).meta({
    placeholder: "SEED",
  }).describe("Seeds; each trains every pair of size and data"),
  steps: positive().default(300).describe("Updates of each training"),
  batchSize: z.number().int().min(2).default(32).describe(
    "Queries per update, all of one task",
  ),
  passages: positive().default(2).describe(
    "Passages per query: one positive, the rest hard negatives",
  ),
  learningRate: z.number().positive().default(2e-3).describe(
    "Peak learning rate",
  ),
  vocabSize: positive().default(8000).describe("Entries of the tokenizers"),
  queryLength: z.number().int().min(3).default(48).describe(
    "Maximum tokens per query, its prompt included",
  ),
  passageLength: z.number().int().min(3).default(96).describe(
    "Maximum tokens per passage",
  ),
  prompts: experimentShape.prompts,
  testQueries: positive().default(200).describe(
    "Test queries of each task that the entropy is measured on, at most",
  ),
  negatives: positive().default(256).describe(
    "Random passages, never judged for the query, beside each positive",
  ),
  draws: positive().default(10).describe("How often they are drawn"),
  resamples: positive().default(300).describe(
    "Bootstrap samples for the law's intervals",
  ),
};

/**
 * Checks settings and fills in defaults.
 *
 * @param input Settings, some or all.
 * @throws {RangeError} If one is unknown or out of bounds; the message names it.
 */
export function parseScaleOptions(
  input: Partial<ScaleSettings>,
): ScaleSettings {
  const parsed = z.strictObject(scaleShape).safeParse(input);
  if (parsed.success) return parsed.data as ScaleSettings;
  const { path, message } = parsed.error.issues[0]!;
  throw new RangeError(
    `Cannot scale: ${path.join(".") || "options"}: ${message}`,
  );
}

/** What a size's name means. */
export function sizeOf(name: string): ScaleSize {
  const [layers, hiddenSize] = name.split("x").map(Number);
  return { layers: layers!, hiddenSize: hiddenSize! };
}

/** Heads of 32 numbers at most, and as many as divide the width. */
export function headsOf({ hiddenSize }: ScaleSize): number {
  for (let heads = Math.ceil(hiddenSize / 32); heads < hiddenSize; heads++) {
    if (hiddenSize % heads === 0) return heads;
  }
  return 1;
}
