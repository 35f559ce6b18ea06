import { hash32 } from "../../base/hash32.ts";
import type { RandomSource } from "../../base/random_source.ts";
import { shuffled } from "../../base/shuffled.ts";

/** Options for {@linkcode separability}. */
export interface SeparabilityOptions {
  /** Puts the texts into folds. */
  rng: RandomSource;
  /** Parts that the texts are cut into; each is told apart by the others. @default {5} */
  folds?: number;
  /** Most texts of a kind that are looked at. @default {1000} */
  most?: number;
}

/**
 * How well a classifier tells generated texts from real ones: the area under its ROC
 * curve, for texts that it wasn't trained on. 0.5: it can't; 1: always. A retriever
 * that trains on texts that are easily told apart can learn their style in place of
 * what makes an answer.
 *
 * The classifier is a logistic regression on words and pairs of neighbouring words.
 *
 * @param real Texts of the task.
 * @param generated Texts that a model wrote.
 * @param options Folds.
 * @returns The area; NaN if there are fewer texts of a kind than folds.
 *
 * @example Usage
 * ```ts
 * import { separability } from "@tdro/tdro/llm";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const real = Array.from({ length: 20 }, (_, i) => `line ${i} of a log`);
 * const written = Array.from({ length: 20 }, (_, i) => `Certainly! Line ${i} is here`);
 * assert.ok(separability(real, written, { rng: createRng(1, "folds") }) > 0.95);
 * ```
 */
export function separability(
  real: readonly string[],
  generated: readonly string[],
  { rng, folds = 5, most = 1000 }: SeparabilityOptions,
): number {
  if (Math.min(real.length, generated.length) < folds) return NaN;
  const examples = [real, generated].flatMap((texts, label) =>
    shuffled(texts, rng).slice(0, most).map((text, i) => ({
      features: featuresOf(text),
      label,
      fold: i % folds,
    }))
  );
  const scored = Array.from({ length: folds }, (_, fold) => {
    const model = trained(
      shuffled(examples.filter((each) => each.fold !== fold), rng),
    );
    return examples.filter((each) => each.fold === fold)
      .map(({ features, label }) => ({ label, score: logit(model, features) }));
  });
  // Scores of different models don't compare: the area is each fold's own.
  const areas = scored.map(areaUnderCurve);
  return areas.reduce((a, b) => a + b) / folds;
}

const WIDTH = 1 << 14;

/** Places of the words and pairs of a text, each once. */
function featuresOf(text: string): Int32Array {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ??
    [];
  const places = new Set<number>();
  words.forEach((word, i) => {
    places.add(hash32(word) % WIDTH);
    if (i > 0) places.add(hash32(`${words[i - 1]} ${word}`) % WIDTH);
  });
  return Int32Array.from(places);
}

/** A logistic regression: weights by place, the last of them the offset. */
type Logistic = Float64Array;

function logit(model: Logistic, features: Int32Array): number {
  const scale = 1 / Math.sqrt(features.length || 1);
  let sum = model[WIDTH]!;
  for (const place of features) sum += model[place]! * scale;
  return sum;
}

/** Twenty passes of AdaGrad, with some decay. */
function trained(
  examples: readonly { features: Int32Array; label: number }[],
): Logistic {
  const model = new Float64Array(WIDTH + 1);
  const squares = new Float64Array(WIDTH + 1).fill(1e-8);
  const step = (place: number, gradient: number) => {
    const g = gradient + DECAY * model[place]!;
    squares[place]! += g * g;
    model[place]! -= RATE * g / Math.sqrt(squares[place]!);
  };
  for (let pass = 0; pass < 20; pass++) {
    for (const { features, label } of examples) {
      const error = 1 / (1 + Math.exp(-logit(model, features))) - label;
      const scale = 1 / Math.sqrt(features.length || 1);
      for (const place of features) step(place, error * scale);
      step(WIDTH, error);
    }
  }
  return model;
}

const [RATE, DECAY] = [0.3, 1e-3];

/** Share of pairs of both kinds that are in the right order; ties count half. */
function areaUnderCurve(
  scored: readonly { label: number; score: number }[],
): number {
  const of = (label: number) =>
    scored.filter((each) => each.label === label).map(({ score }) => score);
  const [real, generated] = [of(0), of(1)];
  let right = 0;
  for (const high of generated) {
    for (const low of real) right += high > low ? 1 : high === low ? 0.5 : 0;
  }
  return right / (real.length * generated.length);
}
