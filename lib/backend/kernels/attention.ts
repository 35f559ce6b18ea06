import * as tf from "@tensorflow/tfjs-core";
import { constant } from "../tensors/constant.ts";
import { native, PRECISION_CODES } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import { reshaped } from "../tensors/reshaped.ts";
import { checkPrecision, floatPrecision } from "../precision.ts";
import {
  type Computed,
  differentiable,
  type ProductOptions,
} from "../autograd/differentiable.ts";
import type {
  Tensor,
  Tensor2D,
  Tensor3D,
  Tensor4D,
} from "../tensors/tensor_types.ts";
import { matMul } from "./mat_mul.ts";
import {
  longest,
  packRows,
  type Padding,
  paddingOf,
  padRows,
  type Sequences,
  spreadRows,
} from "../tensors/sequences.ts";

/** Options for {@linkcode attention}. */
export interface AttentionOptions extends ProductOptions {
  /** Where the texts lie in the rows of keys and values. */
  sequences: Sequences;
  /**
   * Where the queries lie, if only some tokens ask; under `causal` those are the
   * last ones of each text. Not together with `bias`. @default {sequences}
   */
  queries?: Sequences | undefined;
  /** Query heads. */
  heads: number;
  /** Key and value heads; a divisor of `heads`. @default {heads} */
  keyHeads?: number;
  /** Factor on the scores, no unit; usually 1/√D. */
  scale: number;
  /** A token sees itself and those before it only. @default {false} */
  causal?: boolean;
  /** Under `causal`, how many tokens it sees, itself included. @default {all} */
  window?: number;
  /** Scores become `softcap · tanh(score / softcap)`. @default {none} */
  softcap?: number;
  /** Added to the scores, shape `[H, L, L]`, L the longest text. @default {none} */
  bias?: Tensor3D;
}

/** Score of a key that must not be seen: finite, so no row becomes NaN. */
const MASKED = -1e9;

/**
 * Scaled dot-product attention within each text of a packed batch:
 * softmax(scale · q kᵀ + bias) v, per head. Query head h looks at key head
 * ⌊h · keyHeads / heads⌋.
 *
 * @param q Queries, shape `[Q, H·D]`, head by head; Q is T, or fewer by `queries`.
 * @param k Keys, shape `[T, keyHeads·D]`.
 * @param v Values, shape `[T, keyHeads·D]`.
 * @param options Heads, texts, masks; tape.
 * @returns Mixed values, shape `[Q, H·D]`; the caller owns them.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { attention } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const v = tf.tensor2d([[1], [3], [7]]);
 * const ones = tf.onesLike(v);
 * // Two texts: the first of two tokens, the second of one.
 * const sequences = { offsets: Int32Array.of(0, 2, 3) };
 * const y = attention(ones, ones, v, { sequences, heads: 1, scale: 1 });
 * assert.deepEqual([...y.dataSync()], [2, 2, 7]);
 * ```
 */
export function attention(
  q: Tensor2D,
  k: Tensor2D,
  v: Tensor2D,
  options: AttentionOptions,
): Tensor2D {
  const { bias, queries, tape } = options;
  if (bias && queries) {
    throw new TypeError(
      "Cannot attend: bias must be absent where only some tokens ask: got both",
    );
  }
  const inputs: Tensor[] = bias ? [q, k, v, bias] : [q, k, v];
  return differentiable(
    tape,
    inputs,
    () => (native() ? compiled : composed)({ q, k, v }, options),
  );
}

interface QueriesKeysValues {
  q: Tensor2D;
  k: Tensor2D;
  v: Tensor2D;
}

function compiled(
  { q, k, v }: QueriesKeysValues,
  options: AttentionOptions,
): Computed {
  const { sequences, queries = sequences, scale, bias, tape } = options;
  const { heads, keyHeads = heads } = options;
  const { softcap = 0, causal = false, window = 0 } = options;
  const { precision: given = tape?.precision ?? "float32" } = options;
  checkPrecision(given);
  const precision = floatPrecision(given);
  const call = {
    ints: [sequences.offsets, queries.offsets],
    settings: [
      heads,
      keyHeads,
      scale,
      softcap,
      +causal,
      window,
      PRECISION_CODES[precision],
      longest(sequences),
    ],
  };
  const [value, sums] = runNative("TdroAttention", {
    ...call,
    inputs: [q, k, v, bias],
    outputs: 2,
  }) as [Tensor, Tensor];
  return {
    value,
    // The scores are computed again: they would be L² numbers per head.
    saved: bias ? [q, k, v, value, sums, bias] : [q, k, v, value, sums],
    backward: (dy, [q, k, v, value, sums, bias]) => {
      const [dq, dk, dv, dBias] = runNative("TdroAttentionGrad", {
        ...call,
        inputs: [q, k, v, value, sums, dy, bias],
        outputs: 4,
      });
      if (bias) return [dq, dk, dv, dBias];
      dBias!.dispose();
      return [dq, dk, dv];
    },
  };
}

function composed(
  { q, k, v }: QueriesKeysValues,
  options: AttentionOptions,
): Computed {
  const { heads, keyHeads = heads, bias, scale, softcap } = options;
  const { sequences, queries } = options;
  const D = q.shape[1] / heads;
  const keyPadding = paddingOf(sequences);
  const padding = queries ? paddingOf(queries) : keyPadding;
  const shape: Shape = { padding, keyPadding, heads, keyHeads, D };
  // What lies in places without a token is neither seen nor kept.
  const heads4d = (x: Tensor2D, n: number, padding: Padding) =>
    toHeads(spreadRows(x, padding), { n, padding }, shape);
  // Scaled before the product: the scores are more numbers.
  const qs = tf.mul(heads4d(q, heads, padding), constant(scale)) as Tensor4D;
  const [ks, vs] = [
    heads4d(k, keyHeads, keyPadding),
    heads4d(v, keyHeads, keyPadding),
  ];
  let scores: Tensor = matMul(qs, ks, { transposeB: true });
  const capped = softcap
    ? tf.tanh(tf.mul(scores, constant(1 / softcap)))
    : undefined;
  if (softcap && capped) scores = tf.mul(capped, constant(softcap));
  const shares = grouped(
    tf.softmax(visible(perHead(scores, shape), options, shape)),
    shape,
  ); // [B, K, G·Q, L]
  const saved: Tensor[] = [qs, ks, vs, shares];
  if (capped) saved.push(capped);
  return {
    value: fromHeads(matMul(shares, vs), padding, shape),
    saved,
    backward: (dy, saved) => {
      const [qs, ks, vs, shares] = saved as [
        Tensor4D,
        Tensor4D,
        Tensor4D,
        Tensor4D,
      ];
      const rows = padRows(dy as Tensor2D, padding);
      const out = toHeads(rows, { n: heads, padding }, shape);
      const dShares = matMul(out, vs, { transposeB: true });
      const mean = tf.sum(tf.mul(dShares, shares), -1, true);
      const dBiased = tf.mul(shares, tf.sub(dShares, mean)) as Tensor4D;
      const slope = saved[4] && tf.sub(constant(1), tf.square(saved[4]));
      const dScores = slope ? tf.mul(dBiased, slope) as Tensor4D : dBiased;
      const ofKeys = (rows: Tensor4D, x: Tensor4D) =>
        fromHeads(matMul(rows, x, { transposeA: true }), keyPadding, shape);
      return [
        fromHeads(
          tf.mul(matMul(dScores, ks), constant(scale)) as Tensor4D,
          padding,
          shape,
        ),
        ofKeys(dScores, qs),
        ofKeys(shares, out),
        bias ? tf.sum(perHead(dBiased, shape), 0) : undefined,
      ].slice(0, bias ? 4 : 3);
    },
  };
}

interface Shape {
  /** Of the queries, Q the longest. */
  padding: Padding;
  /** Of keys and values, L the longest. */
  keyPadding: Padding;
  heads: number;
  keyHeads: number;
  D: number;
}

/**
 * `[B·L, n·D]` as `[B, K, G·L, D]`: the G query heads that share a key head lie
 * below each other, so one product serves them all. For keys and values G is 1.
 */
function toHeads(
  x: Tensor2D,
  { n, padding }: { n: number; padding: Padding },
  { keyHeads, D }: Shape,
): Tensor4D {
  const { batch, length } = padding;
  const split = tf.reshape(x, [batch, length, n, D]);
  return reshaped(tf.transpose(split, [0, 2, 1, 3]), [
    batch,
    keyHeads,
    n / keyHeads * length,
    D,
  ]) as Tensor4D;
}

/** The inverse of {@linkcode toHeads}, without the places between: `[T, n·D]`. */
function fromHeads(x: Tensor4D, padding: Padding, { D }: Shape): Tensor2D {
  const { batch, length } = padding;
  const n = x.shape[1] * x.shape[2] / length;
  const split = reshaped(x, [batch, n, length, D]);
  const rows = tf.reshape(tf.transpose(split, [0, 2, 1, 3]), [
    batch * length,
    n * D,
  ]);
  return packRows(rows as Tensor2D, padding);
}

/** `[B, K, G·Q, L]` as `[B, H, Q, L]`. */
function perHead(x: Tensor, { padding, keyPadding, heads }: Shape): Tensor4D {
  const { batch, length } = padding;
  return reshaped(x, [batch, heads, length, keyPadding.length]) as Tensor4D;
}

/** `[B, H, Q, L]` as `[B, K, G·Q, L]`. */
function grouped(
  x: Tensor,
  { padding, keyPadding, heads, keyHeads }: Shape,
): Tensor4D {
  const { batch, length } = padding;
  return reshaped(x, [
    batch,
    keyHeads,
    heads / keyHeads * length,
    keyPadding.length,
  ]) as Tensor4D;
}

/** Scores plus bias, those of unseen keys replaced by a large negative number. */
function visible(
  scores: Tensor4D,
  { sequences, queries, causal, window = Infinity, bias }: AttentionOptions,
  { padding: { length: Q }, keyPadding }: Shape,
): Tensor4D {
  const { batch, length: L, even, rows, places } = keyPadding;
  let seen: Tensor = bias ? tf.add(scores, bias) : scores;
  if (!even) {
    const hidden = Float32Array.from(
      rows,
      (row) => row < places.length ? 0 : MASKED,
    );
    seen = tf.add(seen, tf.tensor4d(hidden, [batch, 1, 1, L]));
  }
  if (causal) {
    // Where every token asks, query i of any text is its token i.
    const before = queries
      ? Array.from(
        { length: batch },
        (_, i) => lengthOf(sequences, i) - lengthOf(queries, i),
      )
      : [0];
    const hidden = new Float32Array(before.length * Q * L);
    before.forEach((skipped, text) => {
      for (let i = 0; i < Q; i++) {
        const place = skipped + i;
        for (let j = 0; j < L; j++) {
          if (j > place || place - j >= window) {
            hidden[(text * Q + i) * L + j] = MASKED;
          }
        }
      }
    });
    seen = tf.add(seen, tf.tensor4d(hidden, [before.length, 1, Q, L]));
  }
  return seen as Tensor4D;
}

function lengthOf({ offsets }: Sequences, text: number): number {
  return offsets[text + 1]! - offsets[text]!;
}
