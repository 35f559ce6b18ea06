import * as tf from "@tensorflow/tfjs-core";
import { stacked, unstacked } from "./like_shapes.ts";
import type { AdamWNumbers, AdamWSlot } from "./adamw_update.ts";
import { type Gradient, RowGradient } from "./row_gradient.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/** Numbers of an update, as operands; see {@linkcode groupNumbers}. */
export interface GroupNumbers {
  beta1: Operand;
  beta2: Operand;
  epsilon: Operand;
  stepSize: Operand;
  /** Share of a new gradient in the first moment. */
  newM: Operand;
  /** Share of a new gradient's square in the second. */
  newV: Operand;
  /** What decay leaves; absent: all. */
  kept?: Operand | undefined;
}

type Operand = Tensor | number;

/**
 * The numbers of an update that all groups share. `asOperand` may put them where
 * the parameters are, once instead of for each group.
 */
export function groupNumbers(
  { beta1, beta2, epsilon, stepSize, gradientFactor }: Required<AdamWNumbers>,
  asOperand: (value: number) => Operand,
): Omit<GroupNumbers, "kept"> {
  return {
    beta1: asOperand(beta1),
    beta2: asOperand(beta2),
    epsilon: asOperand(epsilon),
    stepSize: asOperand(stepSize),
    newM: asOperand(gradientFactor * (1 - beta1)),
    newV: asOperand(gradientFactor ** 2 * (1 - beta2)),
  };
}

/**
 * One update of parameters of one shape that decay alike, from tfjs's own
 * operations. One whose gradient comes as rows is a group of its own.
 */
export function updateGroup(
  slots: readonly AdamWSlot[],
  { beta1, beta2, epsilon, stepSize, newM, newV, kept }: GroupNumbers,
): void {
  const [{ gradient: first }] = slots as [AdamWSlot];
  const gradient = slots.length === 1
    ? first
    : stacked(slots.map(({ gradient }) => gradient as Tensor));
  const all = (of: "parameter" | "m" | "v") =>
    stacked(slots.map((slot) => slot[of]));
  const m = addFromGradient(
    tf.mul(all("m"), beta1),
    gradient,
    (g) => tf.mul(g, newM),
  );
  const v = addFromGradient(
    tf.mul(all("v"), beta2),
    gradient,
    (g) => tf.mul(tf.square(g), newV),
  );
  const change = tf.div(m, tf.add(tf.sqrt(v), epsilon));
  const before = all("parameter");
  const decayed = kept === undefined ? before : tf.mul(before, kept);
  const parameter = tf.sub(decayed, tf.mul(change, stepSize));
  for (const [name, values] of Object.entries({ parameter, m, v })) {
    unstacked(values, slots.length).forEach((part, i) =>
      slots[i]![name as "parameter" | "m" | "v"].assign(part)
    );
  }
}

/** Adds what `of` makes of a gradient; elsewhere than in its rows that is 0. */
function addFromGradient(
  sum: Tensor,
  gradient: Gradient,
  of: (values: Tensor) => Tensor,
): Tensor {
  if (!(gradient instanceof RowGradient)) return tf.add(sum, of(gradient));
  const { ids, rows } = gradient;
  return tf.tensorScatterUpdate(
    sum,
    tf.tensor2d(ids, [ids.length, 1], "int32"),
    tf.add(tf.gather(sum, tf.tensor1d(ids, "int32")), of(rows)),
  );
}
