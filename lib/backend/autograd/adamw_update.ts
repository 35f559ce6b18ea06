import * as tf from "@tensorflow/tfjs-core";
import { noteChange } from "./changed_data.ts";
import { groupNumbers, updateGroup } from "./adamw_group.ts";
import { joined } from "./joined.ts";
import { forOneOp } from "./like_shapes.ts";
import { native } from "../native_state.ts";
import { dataOf, runNative } from "../run_native.ts";
import { onGpu } from "../on_gpu.ts";
import { type Gradient, RowGradient } from "./row_gradient.ts";
import type { Tensor, Variable } from "../tensors/tensor_types.ts";

/** One parameter of an update by {@linkcode adamWUpdate}. */
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

/** Numbers of an update by {@linkcode adamWUpdate}. */
export interface AdamWNumbers {
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
 * One AdamW update of many parameters: m ← β₁m + (1-β₁)g; v ← β₂v + (1-β₂)g²;
 * p ← kept·p - stepSize · m/(√v + ε). Rows of a table without a gradient are
 * updated too, with a gradient of 0.
 *
 * Where there are compiled kernels it is one op, without a tensor in between, and
 * the numbers change where they lie; a variable whose memory anything else
 * looks at (a clone, a reshape, the array it was made from) gets memory of its
 * own first, so nobody else sees a change. On a GPU, parameters of one shape
 * are updated together.
 *
 * @param slots The parameters.
 * @param numbers Numbers of the update.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { adamWUpdate } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const [parameter, m, v] = [1, 0, 0].map((x) => tf.variable(tf.tensor1d([x])));
 * const slot = { parameter: parameter!, m: m!, v: v!, kept: 1 };
 * adamWUpdate(
 *   [{ ...slot, gradient: tf.tensor1d([1]) }],
 *   { beta1: 0.5, beta2: 0.75, epsilon: 0, stepSize: 0.1 },
 * );
 * assert.equal(parameter!.dataSync()[0]!.toFixed(2), "0.90"); // 1 - 0.1·0.5/√0.25
 * ```
 */
export function adamWUpdate(
  slots: readonly AdamWSlot[],
  { gradientFactor = 1, ...numbers }: AdamWNumbers,
): void {
  const all = { gradientFactor, ...numbers };
  if (native()) return updateInPlace(slots, all);
  const groups = forOneOp(
    slots,
    ({ gradient, kept }) =>
      gradient instanceof RowGradient
        ? undefined
        : { shape: gradient.shape, key: kept },
  );
  tf.tidy(() => {
    // To a GPU each number is copied once, not once a group.
    const copies = new Map<number, Tensor>();
    const operand = (value: number): Tensor | number => {
      if (!onGpu()) return value;
      if (!copies.has(value)) copies.set(value, tf.scalar(value));
      return copies.get(value)!;
    };
    const common = groupNumbers(all, operand);
    for (const group of groups) {
      const [{ kept: share }] = group as [AdamWSlot];
      const kept = share === 1 ? undefined : operand(share);
      tf.tidy(() => updateGroup(group, { ...common, kept }));
    }
  });
}

/** All in one compiled op. */
function updateInPlace(
  slots: readonly AdamWSlot[],
  { beta1, beta2, epsilon, stepSize, gradientFactor }: Required<AdamWNumbers>,
): void {
  if (slots.length === 0) return;
  for (const { parameter, m, v } of slots) {
    [parameter, m, v].forEach(ensureUnshared);
  }
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
    ints: [joined(rows.filter((ids) => ids !== undefined))],
    settings: [
      beta1,
      beta2,
      epsilon,
      stepSize,
      gradientFactor,
      ...slots.flatMap(({ kept }, i) => [kept, rows[i]?.length ?? -1]),
    ],
    list: true,
  });
  none!.dispose();
  slots.forEach(({ parameter }) => noteChange(parameter));
}

/** Data that was made here, for one variable. */
const unshared = new WeakSet<object>();

/** Makes sure that nobody but the variable looks at its numbers. */
function ensureUnshared(variable: Variable): void {
  if (unshared.has(variable.dataId) && dataOf(variable).refCount === 1) return;
  tf.tidy(() => variable.assign(tf.mul(variable, 1)));
  unshared.add(variable.dataId);
}
