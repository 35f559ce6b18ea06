import type { ModelInfo } from "../../../model/mod.ts";
import { peakRate } from "../../experiment_options.ts";
import type { BaseModel } from "../base_model.ts";
import type { HandOffSource } from "../source.ts";

/**
 * What a trainer calls a model's pooling.
 *
 * @param model The base model.
 * @param names Its names by ours.
 * @param to The trainer, for the message.
 * @throws {RangeError} If it has no such pooling.
 */
export function poolingName(
  { info }: BaseModel,
  names: Readonly<Record<string, string>>,
  to: string,
): string {
  if (info === undefined) return names.mean!;
  const name = names[info.pooling];
  if (name !== undefined) return name;
  throw new RangeError(
    `Cannot hand over to ${to}: the base model's pooling must be one of ${
      Object.keys(names).join(", ")
    }: got ${info.pooling}; hand over to sentence-transformers instead`,
  );
}

/** Whether vectors have length 1; as most models have it if nobody can tell. */
export function isNormalized(info: ModelInfo | undefined): boolean {
  return info?.normalize ?? true;
}

/** The model as scripts in the project's folder name it. */
export function modelPath(model: BaseModel): string {
  return model.isCopied ? "model" : model.name;
}

/** A text as one word of a shell. */
export function quoted(text: string | number): string {
  return /^[\w./:@+-]+$/.test(`${text}`)
    ? `${text}`
    : `'${`${text}`.replaceAll("'", "'\\''")}'`;
}

/** Updates of the warm-up. */
export function warmupSteps({ options }: HandOffSource): number {
  return Math.ceil(options.steps * options.warmup);
}

/** Peak learning rate, without an exponent that YAML would take for a text. */
export function rateText({ options }: HandOffSource): string {
  const rate = peakRate(options);
  return rate < 1e-6 ? rate.toExponential() : `${Number(rate.toFixed(12))}`;
}

/**
 * What none of the trainers but sentence-transformers, with the project's own
 * sampler, can do.
 *
 * @param source The run.
 * @param model The base model.
 */
export function commonDifferences(
  { options, lora, suite }: HandOffSource,
  { info }: BaseModel,
): string[] {
  const { freeze, trainEmbeddings, evalEvery, weightSeeds } = options;
  const several = suite.tasks.length > 1;
  return [
    "Known positives of a query, and passages that repeat its positive's text, count as negatives where they are in the batch; tdro leaves them out.",
    "Rows, positives and negatives are drawn by the trainer's own random numbers.",
    ...freeze.length > 0 || !trainEmbeddings
      ? ["All parameters are trained; the run froze some."]
      : [],
    ...lora?.targets instanceof Array || lora?.rsLora
      ? [
        "Check the adapter's targets and its scale: not all of LoRA's options have a counterpart.",
      ]
      : [],
    ...evalEvery !== undefined
      ? [
        "There are no evaluations on dev queries while training: the last model counts.",
      ]
      : [],
    ...weightSeeds > 1 && several
      ? [`The run's weights are a mean over ${weightSeeds} seeds.`]
      : [],
    ...info === undefined
      ? [
        "The base model isn't on this machine: pooling by the mean and vectors of length 1 are taken for granted; see that it was trained so.",
      ]
      : [],
  ];
}
