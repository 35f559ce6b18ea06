import { z } from "zod";
import { DEFAULT_TEMPERATURE } from "../../base/defaults.ts";
import {
  type ExperimentOptions,
  experimentShape,
} from "../experiment_options.ts";
import {
  type RetrieverSettings,
  retrieverShape,
} from "../retriever_options.ts";

/** Settings of a distillation. */
export interface DistilSettings extends
  Omit<
    RetrieverSettings,
    | "model"
    | "prompts"
    | "matryoshka"
    | "matryoshkaWeights"
    | "distillation"
    | "teacherTemperature"
    | "deterministicSlots"
    | "gradientSum"
  > {
  /**
   * What is distilled: a model folder, or a run and the arm that it prefers. Its
   * vectors of passages stay as they are.
   */
  teacher: string;
  /** Which model of a run; absent: as `openRetriever()` chooses. */
  arm?: string | undefined;
  /**
   * Where the query tower starts: `layers:N`, the bottom and top layers of the
   * teacher; `layers:0,3,5`, these; `scratch`; or a model folder.
   */
  student: string;
  /**
   * What stands before each query: the task's instruction, the teacher's own prompt,
   * or nothing; absent: as the teacher was trained.
   */
  prompts?: "task" | "model" | "none" | undefined;
  /** Learn the vectors of the corpora's passages too, written as queries. */
  passagesAsQueries: boolean;
  /** Texts of each task that are learned from, at most; absent: all. */
  maxTexts?: number | undefined;
  /** Factor on the squared error. */
  squared: number;
  /** Factor on 1 − cos. */
  cosine: number;
  /** Updates of a contrastive phase on labels afterwards; 0 for none. */
  refine: number;
  /** Folder of the teacher's vectors; absent: in the run's. */
  cache?: string | undefined;
}

const {
  model: _model,
  prompts: _prompts,
  matryoshka: _matryoshka,
  matryoshkaWeights: _matryoshkaWeights,
  distillation: _distillation,
  teacherTemperature: _teacherTemperature,
  tasksPerUpdate: _tasksPerUpdate,
  balance: _balance,
  preset: _preset,
  // There are no workers here.
  deterministicSlots: _deterministicSlots,
  gradientSum: _gradientSum,
  ...shape
} = retrieverShape;

/** The object schema of {@linkcode DistilSettings}; the command extends it. */
export const distilShape = {
  teacher: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
    "Model folder, or folder of a run, whose vectors of passages stay as they are",
  ),
  arm: z.string().min(1).optional().describe(
    "Which model of a run; default: the one that tdro search takes",
  ),
  student: z.string().min(1).default("layers:2").meta({
    placeholder: "STUDENT",
  }).describe(
    "Where the query tower starts: layers:2 (the teacher's bottom and top layers), layers:0,3,5 (these), scratch, or a model folder",
  ),
  ...shape,
  prompts: z.enum(["task", "model", "none"]).optional().describe(
    "Prefix of each query: its task's instruction, the teacher's own prompt, or none; default: as the teacher was trained",
  ),
  steps: experimentShape.steps.unwrap().default(1000).describe(
    "Updates of the query tower",
  ),
  batchSize: experimentShape.batchSize.unwrap().default(64).describe(
    "Queries per update, all of one task",
  ),
  learningRate: z.number().positive().optional().describe(
    "Peak learning rate; default 5e-4, from scratch 2e-3; a tenth of it in the contrastive phase",
  ),
  passages: experimentShape.passages.unwrap().default(2).describe(
    "For --refine: passages per query, one positive, the rest hard negatives",
  ),
  temperature: experimentShape.temperature.unwrap().default(
    DEFAULT_TEMPERATURE,
  ).describe("For --refine: divides the scores in the loss"),
  scoreMb: experimentShape.scoreMb.describe(
    "For --refine: largest matrix of scores that the loss keeps in memory, in MiB; a larger one is computed in tiles",
  ),
  negatives: experimentShape.negatives.unwrap().default(8).describe(
    "For --refine: hard negatives to mine per query; those of --mined are used as they are",
  ),
  passagesAsQueries: z.boolean().default(false).describe(
    "Learn the teacher's vectors of the corpora's passages too, written as queries",
  ),
  maxTexts: z.number().int().min(1).optional().describe(
    "Texts of each task that are learned from, at most; default: all queries that no dev or test judgment names",
  ),
  squared: z.number().min(0).default(1).describe(
    "Factor on the squared error of the vectors, the mean over their components",
  ),
  cosine: z.number().min(0).default(1).describe(
    "Factor on 1 - cos of the vectors",
  ),
  refine: z.number().int().min(0).default(0).describe(
    "Updates of a contrastive phase on train judgments afterwards, passages frozen",
  ),
  cache: z.string().min(1).optional().meta({ placeholder: "FOLDER" }).describe(
    "Keep the teacher's vectors in this folder, which tdro eval and other runs share; default: in the run's folder",
  ),
};

/**
 * Checks settings and fills in defaults.
 *
 * @param input Settings; the teacher at least.
 * @throws {RangeError} If one is unknown or out of bounds; the message names it.
 *
 * @example Usage
 * ```ts
 * import { parseDistilOptions } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * assert.equal(parseDistilOptions({ teacher: "models/e5" }).student, "layers:2");
 * assert.throws(() => parseDistilOptions({ teacher: "models/e5", steps: 0 }), /steps/);
 * ```
 */
export function parseDistilOptions(
  input: Partial<DistilSettings> & Pick<DistilSettings, "teacher">,
): DistilSettings {
  const parsed = z.strictObject(distilShape).safeParse(input);
  if (parsed.success) return parsed.data as DistilSettings;
  const { path, message } = parsed.error.issues[0]!;
  throw new RangeError(
    `Cannot distil: ${path.join(".") || "options"}: ${message}`,
  );
}

/** The settings that a stage of any training takes, of a distillation's. */
export function stageSettings(
  settings: DistilSettings,
): Partial<ExperimentOptions> {
  const names = Object.keys(shape);
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) => names.includes(name)),
  );
}
