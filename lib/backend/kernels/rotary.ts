import * as tf from "@tensorflow/tfjs-core";
import { native } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor, Tensor2D } from "../tensors/tensor_types.ts";

/** Cosines and sines that {@linkcode rotary} turns by. */
export interface RotaryTable {
  /** Shape `[T, R/2]`, R the turned part of a head. */
  cos: Tensor2D;
  /** Shape `[T, R/2]`. */
  sin: Tensor2D;
}

/** Options for {@linkcode rotaryTable}. */
export interface RotaryTableOptions {
  /** Place of each row in its text, shape `[T]`. */
  positions: ArrayLike<number>;
  /** Radians per place, shape `[R/2]`; usually base^(-2i/R). */
  inverseFrequencies: ArrayLike<number>;
  /** Factor on both (YaRN calls it attention factor). @default {1} */
  factor?: number;
}

/** Options for {@linkcode rotary}. */
export interface RotaryOptions extends RotaryTable, KernelOptions {
  /** Number of heads in a row. */
  heads: number;
}

/**
 * Cosines and sines of every row's place, computed in double precision. One
 * table serves all layers of a pass.
 *
 * @param options Places and frequencies.
 * @returns The table; the caller owns its tensors.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { rotaryTable } from "@tdro/tdro/kernels";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const { cos } = rotaryTable({ positions: [0, 1], inverseFrequencies: [Math.PI] });
 * assert.deepEqual([...cos.dataSync()], [1, -1]);
 * ```
 */
export function rotaryTable(
  { positions, inverseFrequencies, factor = 1 }: RotaryTableOptions,
): RotaryTable {
  const [T, R] = [positions.length, inverseFrequencies.length];
  const cos = new Float32Array(T * R);
  const sin = new Float32Array(T * R);
  for (let t = 0; t < T; t++) {
    for (let r = 0; r < R; r++) {
      const angle = positions[t]! * inverseFrequencies[r]!;
      cos[t * R + r] = factor * Math.cos(angle);
      sin[t * R + r] = factor * Math.sin(angle);
    }
  }
  return { cos: tf.tensor2d(cos, [T, R]), sin: tf.tensor2d(sin, [T, R]) };
}

/**
 * Rotary position embedding (Su et al., arXiv 2104.09864) in the half-split
 * form of Hugging Face's models: number i of a head turns together with number
 * i + R/2. Numbers of a head past R stay as they are.
 *
 * @param x Queries or keys, shape `[T, H·D]`, head by head.
 * @param options Cosines and sines per row; heads; tape.
 * @returns Turned, same shape; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { rotary, rotaryTable } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const quarter = rotaryTable({ positions: [1], inverseFrequencies: [Math.PI / 2] });
 * const y = rotary(tf.tensor2d([[3, 4]]), { ...quarter, heads: 1 });
 * assert.deepEqual([...y.dataSync()].map(Math.round), [-4, 3]);
 * ```
 */
export function rotary(
  x: Tensor2D,
  { cos, sin, heads, tape }: RotaryOptions,
): Tensor2D {
  const D = x.shape[1] / heads;
  if (cos.shape[0] !== x.shape[0] || cos.shape[1]! * 2 > D) {
    throw new TypeError(
      `Cannot turn rows: cosines must be [${x.shape[0]}, at most ${
        D / 2
      }]: got [${cos.shape}]`,
    );
  }
  return differentiable(tape, [x], () => ({
    value: turn(x, { cos, sin }, { heads, sign: 1 }),
    saved: [cos, sin],
    // The transpose of a turn is the turn the other way.
    backward: (dy, [cos, sin]) => [
      turn(dy, { cos: cos!, sin: sin! }, { heads, sign: -1 }),
    ],
  }));
}

function turn(
  x: Tensor,
  { cos, sin }: { cos: Tensor; sin: Tensor },
  { heads, sign }: { heads: number; sign: 1 | -1 },
): Tensor {
  if (native()) {
    const settings = [heads, sign];
    return runNative("TdroRotary", { inputs: [x, cos, sin], settings })[0]!;
  }
  if (sign < 0) sin = tf.neg(sin);
  const [T, width] = x.shape as [number, number];
  const D = width / heads;
  const R = cos.shape[1]!;
  const split = tf.reshape(x, [T, heads, D]);
  const [a, b] = [0, R].map((at) =>
    tf.slice(split, [0, 0, at], [T, heads, R])
  ) as [Tensor, Tensor];
  const [c, s] = [cos, sin].map((t) => tf.reshape(t, [T, 1, R])) as [
    Tensor,
    Tensor,
  ];
  const parts = [
    tf.sub(tf.mul(a, c), tf.mul(b, s)),
    tf.add(tf.mul(b, c), tf.mul(a, s)),
  ];
  const rest = D - 2 * R;
  if (rest > 0) parts.push(tf.slice(split, [0, 0, 2 * R], [T, heads, rest]));
  return tf.reshape(tf.concat(parts, 2), [T, width]);
}
