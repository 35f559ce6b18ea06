import type { SizesOptions } from "../../eval/mod.ts";
import { embeddingSize, type Encoder } from "../../model/mod.ts";
import {
  distillation,
  infoNce,
  type LossFunction,
  matryoshka,
  type MatryoshkaOptions,
} from "../../train/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import { refuseLongDims } from "../long_dims.ts";

/** The settings that a retriever's loss depends on. */
export type LossSettings =
  & Pick<
    ExperimentOptions,
    | "temperature"
    | "matryoshka"
    | "matryoshkaWeights"
    | "distillation"
    | "teacherTemperature"
  >
  & Partial<Pick<ExperimentOptions, "scoreMb" | "tasksPerUpdate">>;

/** What the loss of a retriever depends on beside the settings. */
type Sized = Pick<Encoder, "config" | "modules">;

/**
 * The loss that retrievers train by: InfoNCE with in-batch and hard negatives, and
 * maybe a teacher's scores, at each length that the settings name.
 *
 * @param settings Temperature, lengths, teacher.
 * @param encoder A model with the vectors of those that are trained.
 */
export function retrieverLoss(
  settings: LossSettings,
  encoder: Sized,
): LossFunction {
  const loss = withTeacher(settings);
  const lengths = trainedLengths(settings, encoder);
  return lengths ? matryoshka({ ...lengths, loss }) : loss;
}

/** InfoNCE, and the divergence from a teacher's scores if that is asked for. */
function withTeacher(
  {
    temperature,
    scoreMb,
    tasksPerUpdate = 1,
    distillation: weight,
    teacherTemperature = 1,
  }: LossSettings,
): LossFunction {
  const loss = infoNce({
    temperature,
    scoreMb,
    withinTask: tasksPerUpdate > 1,
  });
  return weight === undefined
    ? loss
    : distillation({ temperature, teacherTemperature, weight, loss });
}

/**
 * The lengths at which vectors are trained, if at more than their own: those that are
 * asked for and the whole, large ones first.
 *
 * @param settings What is asked for.
 * @param encoder A model with the vectors of those that are trained.
 */
export function trainedLengths(
  { matryoshka: asked, matryoshkaWeights: weights }: LossSettings,
  encoder: Sized,
): Omit<MatryoshkaOptions, "loss"> | undefined {
  if (asked === undefined) return;
  const whole = embeddingSize(encoder);
  refuseLongDims(asked, whole);
  const weightOf = new Map(asked.map((dim, i) => [dim, weights?.[i] ?? 1]));
  // Whatever is asked for, whole vectors are what most people use.
  if (!weightOf.has(whole)) weightOf.set(whole, 1);
  const sorted = [...weightOf].sort(([a], [b]) => b - a);
  return {
    dims: sorted.map(([dim]) => dim),
    weights: sorted.map(([, weight]) => weight),
    normalize: encoder.modules.normalize,
  };
}

/**
 * Which cut vectors are evaluated: those that are trained.
 *
 * @param settings What is asked for.
 * @param encoder The model.
 */
export function trainedSizes(
  settings: LossSettings,
  encoder: Sized,
): SizesOptions | undefined {
  const lengths = trainedLengths(settings, encoder);
  if (!lengths) return;
  const { dims, normalize } = lengths;
  return normalize ? { dims } : { dims, normalize };
}
