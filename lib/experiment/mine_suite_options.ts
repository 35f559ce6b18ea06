import { z } from "zod";
import type { InferencePrecision } from "../backend/kernels/mod.ts";
import { computeShape } from "../base/compute_option.ts";
import { lengthShape } from "../base/length_options.ts";

/** Settings of {@linkcode mineSuite}, all with their values. */
export interface MineSuiteSettings {
  /** Where the training files go; absent: nothing is written. */
  out?: string;
  /** What finds the candidates; `"fused"`: both, by reciprocal rank. */
  by: "bm25" | "dense" | "fused";
  /** Model folder, for `"dense"` and `"fused"`; with `"bm25"` it filters only. */
  model?: string;
  /**
   * Folder of a cross-encoder, whose scores filter the candidates and are written
   * beside the passages.
   */
  teacher?: string;
  /** Split whose queries get negatives. */
  split: "train" | "dev" | "test";
  /** Negatives for each query. */
  count: number;
  /** First rank of the candidates. */
  from: number;
  /** Last rank of the candidates. */
  to: number;
  /** Leaves out what scores at least this share of the best positive. */
  positiveShare: number;
  /** Leaves out what doesn't score this much less than the best positive. */
  margin: number;
  /** Whether candidates are left out by score at all. */
  filter: boolean;
  /** What becomes of a query whose positives share no word with it (BM25 alone). */
  withoutPositive: "keep" | "drop";
  /** Which candidates are taken. */
  sampling: "random" | "top" | "rank";
  /** A text counts as the same if its SimHash value differs in at most this many of 64 bits. */
  nearDuplicates: number;
  /** Whether random passages fill up. */
  fill: boolean;
  /** File of decisions on doubtful pairs. */
  decisions?: string;
  /** Queries to show of each task; 2 without `out`. */
  preview: number;
  /** Whether queries get their task's prompt. */
  prompts: "task" | "none";
  /** Maximum tokens per query; absent: as `textLimits()` says of the model. */
  queryLength?: number | undefined;
  /** Maximum tokens per passage; absent: as `textLimits()` says of the model. */
  passageLength?: number | undefined;
  /** What models multiply; absent: float32. */
  computeType?: InferencePrecision | undefined;
  /** Seed. */
  seed: number;
}

/** The object schema of {@linkcode MineSuiteSettings}; commands extend it. */
export const mineSuiteShape = {
  out: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
    "Folder for a training file per task; nothing is written if left out",
  ),
  by: z.enum(["bm25", "dense", "fused"]).default("bm25").describe(
    "What retrieves the candidates; fused: both, by reciprocal rank",
  ),
  model: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
    "Model folder, for --by dense or fused; with bm25, it filters only",
  ),
  teacher: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
    .describe(
      "Folder of a cross-encoder: its scores filter the candidates, and are written beside the passages (ce_score), to be distilled by train, run and arena",
    ),
  split: z.enum(["train", "dev", "test"]).default("train")
    .meta({ placeholder: "SPLIT" }).describe(
      "Split whose queries get negatives",
    ),
  count: z.int().min(1).default(8).describe("Negatives for each query"),
  from: z.int().min(1).default(1).describe("First rank of the candidates"),
  to: z.int().min(1).default(50).describe("Last rank of the candidates"),
  positiveShare: z.number().gt(0).max(1).default(0.95).describe(
    "Leave out candidates that score at least this share of the best " +
      "positive's score",
  ),
  margin: z.number().min(0).default(0).describe(
    "Leave out candidates that don't score at least this much less than " +
      "the best positive",
  ),
  filter: z.boolean().default(true).describe(
    "Filter candidates by score; --no-filter keeps everything retrieved",
  ),
  withoutPositive: z.enum(["keep", "drop"]).default("keep").describe(
    "Candidates of a query that shares no word with its positives, so that " +
      "BM25 scores them all higher: keep them unfiltered, or drop them",
  ),
  sampling: z.enum(["random", "top", "rank"]).default("random").describe(
    "How to pick candidates: at random, top-ranked first, or at random " +
      "favouring higher ranks",
  ),
  nearDuplicates: z.int().min(0).max(63).default(2).describe(
    "A text counts as the same if its SimHash value differs in at most " +
      "this many of 64 bits",
  ),
  fill: z.boolean().default(true).describe(
    "Fill up with random passages if there are too few candidates",
  ),
  decisions: z.string().optional().meta({ placeholder: "FILE" }).describe(
    "Decisions on doubtful pairs, made by tdro data audit and edited",
  ),
  preview: z.int().min(0).default(0).describe(
    "Queries to show of each task, with their negatives; 2 without --out",
  ),
  prompts: z.enum(["task", "none"]).default("task").describe(
    "Instruction before each query; none for models that weren't trained with one",
  ),
  ...lengthShape,
  ...computeShape,
  seed: z.int().min(0).default(42).describe("Seed"),
};

const settings: z.ZodType<MineSuiteSettings, Partial<MineSuiteSettings>> = z
  .strictObject(mineSuiteShape);

/**
 * Checks settings and fills in defaults.
 *
 * @throws {SyntaxError} If a model is needed and none is named.
 * @throws {RangeError} If a setting is unknown or out of bounds.
 */
export function parseMineSuiteOptions(
  input: Partial<MineSuiteSettings>,
): MineSuiteSettings {
  const parsed = settings.safeParse(input);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new RangeError(`Cannot mine: ${path.join(".")}: ${message}`);
  }
  const { by, model, teacher, computeType, from, to } = parsed.data;
  if (computeType !== undefined && (model ?? teacher) === undefined) {
    throw new SyntaxError(
      `Cannot mine: --compute-type is about a model: add --model or --teacher, or leave it out`,
    );
  }
  if (by !== "bm25" && model === undefined) {
    throw new SyntaxError(
      `Cannot mine by ${by}: --model must name a model folder; or use --by bm25`,
    );
  }
  if (to < from) {
    throw new RangeError(
      `Cannot mine: --to must be at least --from, ${from}: got ${to}`,
    );
  }
  return parsed.data;
}
