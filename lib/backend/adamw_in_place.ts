import * as tf from "@tensorflow/tfjs-core";
import { dataOf, native, runNative } from "./_native.ts";
import { type Gradient, RowGradient } from "./row_gradient.ts";
import type { Variable } from "./tensor_types.ts";

/** One parameter of an update by {@linkcode adamWInPlace}. */
export interface AdamWSlot {
  /** What is trained. */
  parameter: Variable;
  /** First moment. */
  m: Variable;
  /** Second moment. */
  v: Variable;
  /** Gradient, in full or as rows; it stays the caller's. */
  gradient: Gradient;
  /** What weight decay leaves of the parameter: 1 - rate · decay. */
  kept: number;
}

/** Numbers of an update by {@linkcode adamWInPlace}. */
export interface AdamWInPlaceOptions {
  /** Decay of the first moment. */
  beta1: number;
  /** Decay of the second moment. */
  beta2: number;
  /** Added to the root of the second moment, which isn't corrected here: ε·√(1-β₂ᵗ). */
  epsilon: number;
  /** Learning rate · √(1-β₂ᵗ) / (1-β₁ᵗ). */
  stepSize: number;
  /** Factor on the gradients, from clipping or accumulation. @default {1} */
  gradientFactor?: number;
}

/**
 * One AdamW update of many parameters in one compiled op, without a tensor in
 * between: m ← β₁m + (1-β₁)g; v ← β₂v + (1-β₂)g²;
 * p ← kept·p - stepSize · m/(√v + ε). Rows of a table without a gradient are
 * updated too, with a gradient of 0.
 *
 * The numbers change where they lie. A variable whose memory anything else
 * looks at (a clone, a reshape, the array it was made from) gets memory of its
 * own first, so nobody else sees a change.
 *
 * @param slots The parameters.
 * @param options Numbers of the update.
 * @returns Whether it was done: false where there are no compiled kernels, and
 * nothing has changed.
 *
 * @example Usage
 * ```ts
 * import { adamWInPlace, useBackend } from "@tdro/tdro/backend";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, stepSize: 1e-3 };
 * assert.equal(adamWInPlace([], options), false);
 * ```
 */
export function adamWInPlace(
  slots: readonly AdamWSlot[],
  { beta1, beta2, epsilon, stepSize, gradientFactor = 1 }: AdamWInPlaceOptions,
): boolean {
  if (!native()) return false;
  if (slots.length === 0) return true;
  for (const { parameter, m, v } of slots) [parameter, m, v].forEach(own);
  const rows = slots.map(({ gradient }) =>
    gradient instanceof RowGradient ? gradient.ids : undefined
  );
  const [none] = runNative("TdroAdamW", {
    inputs: [
      ...slots.map(({ parameter }) => parameter),
      ...slots.map(({ gradient }) =>
        gradient instanceof RowGradient ? gradient.rows : gradient
      ),
      ...slots.map(({ m }) => m),
      ...slots.map(({ v }) => v),
    ],
    ints: [Int32Array.from(rows.flatMap((ids) => [...ids ?? []]))],
    settings: [
      ...[beta1, beta2, epsilon, stepSize, gradientFactor],
      ...slots.flatMap(({ kept }, i) => [kept, rows[i]?.length ?? -1]),
    ],
    list: true,
  });
  none!.dispose();
  return true;
}

/** Data that was made here, for one variable. */
const made = new WeakSet<object>();

/** Makes sure that nobody but the variable looks at its numbers. */
function own(variable: Variable): void {
  if (made.has(variable.dataId) && dataOf(variable).refCount === 1) return;
  tf.tidy(() => variable.assign(tf.mul(variable, 1)));
  made.add(variable.dataId);
}
