import * as tf from "@tensorflow/tfjs-core";
import { cloneEncoder, type Encoder } from "./encode/encoder.ts";

/** Options for {@linkcode mergeEncoders}. */
export interface MergeEncodersOptions {
  /**
   * What a parameter becomes: `"mean"`, the weighted mean (a model soup; Wortsman et al.
   * 2022, arXiv 2203.05482); or `"slerp"`, the mean on the sphere with the mean of the
   * norms: for two models spherical linear interpolation, for more its generalisation
   * in the tangent space at their weighted mean. @default {"mean"}
   */
  by?: "mean" | "slerp";
  /** Share of each model, ≥ 0; need not sum to 1. @default {all alike} */
  weights?: readonly number[];
}

/**
 * One encoder out of several that were trained from the same start: each parameter is
 * a mean of theirs. It costs what one of them costs, and is often better than each;
 * models from different starts can't be merged, although nothing here can tell.
 *
 * @param encoders The models, two or more, of the same form; they stay as they are.
 * @param options How.
 * @returns A new encoder; all but its parameters is the first one's.
 * @throws {RangeError} If their parameters differ in name or shape, one has an adapter
 * that isn't merged, or a weight is out of range.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, cloneEncoder, createEncoder, createTokenizer, encodeTexts, mergeEncoders,
 *   trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"), modules: { pooling: "mean", normalize: true },
 * });
 * const merged = await mergeEncoders([encoder, cloneEncoder(encoder)]);
 * const [a, b] = await Promise.all([encoder, merged].map((e) => encodeTexts(e, ["red"])));
 * assert.ok(a!.data.every((value, i) => Math.abs(value - b!.data[i]!) < 1e-6));
 * ```
 */
export async function mergeEncoders(
  encoders: readonly Encoder[],
  { by = "mean", weights = encoders.map(() => 1) }: MergeEncodersOptions = {},
): Promise<Encoder> {
  const [first, ...others] = encoders;
  if (!first || others.length === 0) {
    fail(`there must be two or more: got ${encoders.length}`);
  }
  if (by !== "mean" && by !== "slerp") {
    fail(`by must be "mean" or "slerp": got ${JSON.stringify(by)}`);
  }
  const shares = sharesOf(weights, encoders.length);
  if (encoders.some(({ lora }) => lora)) {
    fail(
      "one has an adapter, whose factors can't be averaged; mergeLora() first",
    );
  }
  others.forEach((other, i) => checkAlike(first, other, i + 1));
  const merged = cloneEncoder(first);
  for (const [name, parameter] of merged.parameters) {
    const values = await Promise.all(
      encoders.map((encoder) => encoder.parameters.get(name)!.data()),
    ) as Float32Array[];
    const mean = by === "mean"
      ? weightedMean(values, shares)
      : sphericalMean(values, shares);
    tf.tidy(() =>
      (parameter as tf.Variable).assign(tf.tensor(mean, parameter.shape))
    );
  }
  return merged;
}

function sharesOf(weights: readonly number[], count: number): number[] {
  if (weights.length !== count) {
    fail(
      `weights must have one entry for each of the ${count} models: got ${weights.length}`,
    );
  }
  const total = weights.reduce((a, b) => a + b, 0);
  if (!(weights.every((w) => w >= 0) && total > 0 && total < Infinity)) {
    fail(
      `weights must be finite and >= 0, and not all 0: got ${
        weights.join(", ")
      }`,
    );
  }
  return weights.map((weight) => weight / total);
}

function checkAlike(first: Encoder, other: Encoder, index: number): void {
  for (const [name, { shape }] of first.parameters) {
    const own = other.parameters.get(name)?.shape;
    if (String(own) === String(shape)) continue;
    fail(
      `model ${index} must have ${name} of shape [${shape}], as model 0: got ${
        own ? `[${own}]` : "none"
      }`,
    );
  }
  for (const name of other.parameters.keys()) {
    if (!first.parameters.has(name)) {
      fail(`model ${index} has ${name}, which model 0 lacks`);
    }
  }
}

/** The mean, added up in float64. */
export function weightedMean(
  values: readonly ArrayLike<number>[],
  shares: readonly number[],
): Float32Array {
  return Float32Array.from(values[0]!, (_, i) => {
    let sum = 0;
    for (let m = 0; m < values.length; m++) sum += shares[m]! * values[m]![i]!;
    return sum;
  });
}

/** Angle below which a direction counts as the mean's own. */
const SMALL = 1e-12;

/**
 * The mean of directions, times the mean of norms. Directions are averaged in the
 * tangent space at their weighted mean; where that is 0, as for opposite vectors, or one
 * is 0, there is no direction, and the plain mean counts.
 */
export function sphericalMean(
  values: readonly ArrayLike<number>[],
  shares: readonly number[],
): Float32Array {
  const norms = values.map(normOf);
  const size = values[0]!.length;
  const centre = new Float64Array(size);
  for (let m = 0; m < values.length; m++) {
    const factor = shares[m]! / norms[m]!;
    for (let i = 0; i < size; i++) centre[i]! += factor * values[m]![i]!;
  }
  const length = normOf(centre);
  if (!(length > SMALL) || norms.some((norm) => !(norm > 0))) {
    return weightedMean(values, shares);
  }
  for (let i = 0; i < size; i++) centre[i]! /= length;
  const tangent = new Float64Array(size);
  for (let m = 0; m < values.length; m++) {
    const own = values[m]!;
    let cosine = 0;
    for (let i = 0; i < size; i++) cosine += centre[i]! * own[i]! / norms[m]!;
    // The part across the centre; its length is the sine, exact for small angles.
    let square = 0;
    for (let i = 0; i < size; i++) {
      square += (own[i]! / norms[m]! - cosine * centre[i]!) ** 2;
    }
    const sine = Math.sqrt(square);
    if (!(sine > SMALL)) continue;
    const factor = shares[m]! * Math.atan2(sine, cosine) / sine;
    for (let i = 0; i < size; i++) {
      tangent[i]! += factor * (own[i]! / norms[m]! - cosine * centre[i]!);
    }
  }
  const angle = normOf(tangent);
  const scale = shares.reduce((sum, share, m) => sum + share * norms[m]!, 0);
  const along = angle > SMALL ? Math.sin(angle) / angle : 1;
  return Float32Array.from(
    centre,
    (value, i) => scale * (Math.cos(angle) * value + along * tangent[i]!),
  );
}

function normOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}

function fail(reason: string): never {
  throw new RangeError(`Cannot merge models: ${reason}`);
}
