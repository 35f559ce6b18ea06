import * as tf from "@tensorflow/tfjs-core";
import { constant } from "../tensors/constant.ts";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor, Tensor2D } from "../tensors/tensor_types.ts";
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

/** Options for {@linkcode disentangledAttention}. */
export interface DisentangledAttentionOptions extends KernelOptions {
  /** Where the texts lie. */
  sequences: Sequences;
  /** Heads. */
  heads: number;
  /** Factor on the scores, no unit. */
  scale: number;
  /** What queries look at: a row for each distance, shape `[R, H·D]`. @default {none} */
  keysByDistance?: Tensor2D | undefined;
  /** What keys look at, shape `[R, H·D]`. @default {none} */
  queriesByDistance?: Tensor2D | undefined;
  /** Which of these rows a pair of places takes, shape `[L, L]`, row-major. */
  rows: Int32Array;
}

/**
 * Attention within each text in which contents also look at distances (DeBERTa,
 * arXiv 2006.03654): softmax(scale · (q kᵀ + q pᵀ + k rᵀ)) v, where p and r are
 * the rows that the distance of the two tokens takes.
 *
 * @param q Queries, shape `[T, H·D]`, head by head.
 * @param k Keys, shape `[T, H·D]`.
 * @param v Values, shape `[T, H·D]`.
 * @param options Rows by distance; texts; tape.
 * @returns Mixed values, shape `[T, H·D]`; the caller owns them.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { disentangledAttention } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const v = tf.tensor2d([[1], [3]]);
 * const [ones, zeros] = [tf.onesLike(v), tf.zerosLike(v)];
 * const y = disentangledAttention(ones, zeros, v, {
 *   sequences: { offsets: Int32Array.of(0, 2) },
 *   heads: 1,
 *   scale: 1,
 *   keysByDistance: tf.tensor2d([[0], [100]]), // row 1: the token itself
 *   rows: Int32Array.of(1, 0, 0, 1),
 * });
 * assert.deepEqual([...y.dataSync()], [1, 3]);
 * ```
 */
export function disentangledAttention(
  q: Tensor2D,
  k: Tensor2D,
  v: Tensor2D,
  options: DisentangledAttentionOptions,
): Tensor2D {
  const { keysByDistance, queriesByDistance, heads, tape } = options;
  const far = [keysByDistance, queriesByDistance];
  const inputs = [q, k, v, ...far.filter((x) => x !== undefined)];
  const shape = shapeOf(q, options);
  return differentiable(tape, inputs, () => {
    const [qs, ks, vs] = [q, k, v].map((x) =>
      toHeads(spreadRows(x, shape.padding), shape)
    ) as [Tensor, Tensor, Tensor];
    // Content on one side, distance on the other.
    const parts: Part[] = [];
    const add = (content: 0 | 1, rows: Tensor2D | undefined) => {
      if (rows) parts.push({ content, rows: byHead(rows, heads) });
    };
    add(0, keysByDistance);
    add(1, queriesByDistance);
    let scores = matMul(qs, ks, { transposeB: true });
    for (const { content, rows } of parts) {
      scores = tf.add(
        scores,
        distanceScores([qs, ks][content]!, rows, content, shape),
      );
    }
    const scaled = tf.mul(scores, constant(options.scale));
    const shares = tf.softmax(withoutPadding(scaled, shape));
    return {
      value: fromHeads(matMul(shares, vs), shape),
      saved: [qs, ks, vs, shares, ...parts.map(({ rows }) => rows)],
      backward: (dy, [qs, ks, vs, shares, ...rows]) =>
        gradients(dy as Tensor2D, {
          contents: [qs!, ks!],
          vs: vs!,
          shares: shares!,
          parts: rows.map((rows, i) => ({ ...parts[i]!, rows })),
        }, { ...shape, scale: options.scale }),
    };
  });
}

/** Scores of a content, queries (0) or keys (1), with rows by distance. */
interface Part {
  content: 0 | 1;
  /** Shape `[H, R, D]`. */
  rows: Tensor;
}

/** Sizes, and where in a text's scores by row the pairs of places lie. */
interface Shape {
  padding: Padding;
  heads: number;
  D: number;
  L: number;
  R: number;
  /** Of pair (i, j) in `[L, R]`: in row i where queries ask, in row j else. */
  places: readonly [ofQueries: Int32Array, ofKeys: Int32Array];
}

function shapeOf(
  q: Tensor2D,
  { sequences, heads, rows, keysByDistance, queriesByDistance }:
    DisentangledAttentionOptions,
): Shape {
  const L = longest(sequences);
  const R = (keysByDistance ?? queriesByDistance)?.shape[0] ?? 0;
  const at = (row: (i: number, j: number) => number) =>
    rows.map((r, pair) => row(Math.floor(pair / L), pair % L) * R + r);
  return {
    padding: paddingOf(sequences),
    heads,
    D: q.shape[1] / heads,
    L,
    R,
    places: [at((i) => i), at((_, j) => j)],
  };
}

/** Padded rows `[B·L, H·D]` as `[H, B, L, D]`. */
function toHeads(x: Tensor2D, { padding, heads, D, L }: Shape): Tensor {
  const split = tf.reshape(x, [padding.batch, L, heads, D]);
  return tf.transpose(split, [2, 0, 1, 3]);
}

/** The inverse of {@linkcode toHeads}, without padding: `[T, H·D]`. */
function fromHeads(x: Tensor, { padding, heads, D, L }: Shape): Tensor2D {
  const rows = tf.reshape(tf.transpose(x, [1, 2, 0, 3]), [
    padding.batch * L,
    heads * D,
  ]);
  return packRows(rows as Tensor2D, padding);
}

/** Rows `[R, H·D]` as `[H, R, D]`. */
function byHead(x: Tensor2D, heads: number): Tensor {
  const [R, width] = x.shape;
  return tf.transpose(tf.reshape(x, [R, heads, width / heads]), [1, 0, 2]);
}

/** Scores of each pair of places, `[H, B, L, L]`. */
function distanceScores(
  content: Tensor,
  rows: Tensor,
  which: 0 | 1,
  { padding: { batch: B }, heads: H, D, L, R, places }: Shape,
): Tensor {
  const each = matMul(tf.reshape(content, [H, B * L, D]), rows, {
    transposeB: true,
  }); // [H, B·L, R]
  const pairs = tf.gather(
    tf.reshape(each, [H * B, L * R]),
    tf.tensor1d(places[which], "int32"),
    1,
  );
  return tf.reshape(pairs, [H, B, L, L]);
}

/** What {@linkcode distanceScores} does, backwards: `[H, B·L, R]`. */
function gatheredBack(
  dScores: Tensor,
  which: 0 | 1,
  { padding: { batch: B }, heads: H, L, R, places }: Shape,
): Tensor {
  const byPair = tf.transpose(tf.reshape(dScores, [H * B, L * L]));
  const each = tf.scatterND(
    tf.tensor2d(places[which], [L * L, 1], "int32"),
    byPair,
    [L * R, H * B],
  );
  return tf.reshape(tf.transpose(each), [H, B * L, R]);
}

/** Score of a key that must not be seen: finite, so no row becomes NaN. */
const MASKED = -1e9;

function withoutPadding(scores: Tensor, { padding, L }: Shape): Tensor {
  const { even, rows, places, batch } = padding;
  if (even) return scores;
  const hidden = Float32Array.from(
    rows,
    (row) => row < places.length ? 0 : MASKED,
  );
  return tf.add(scores, tf.tensor4d(hidden, [1, batch, 1, L]));
}

/** What the forward pass left. */
interface Left {
  /** Queries and keys. */
  contents: [Tensor, Tensor];
  vs: Tensor;
  shares: Tensor;
  parts: readonly Part[];
}

function gradients(
  dy: Tensor2D,
  { contents: [qs, ks], vs, shares, parts }: Left,
  shape: Shape & { scale: number },
): Tensor[] {
  const { padding, heads: H, D, L, R } = shape;
  const out = toHeads(padRows(dy, padding), shape);
  const dShares = matMul(out, vs, { transposeB: true });
  const mean = tf.sum(tf.mul(dShares, shares), -1, true);
  const dScores = tf.mul(
    tf.mul(shares, tf.sub(dShares, mean)),
    constant(shape.scale),
  );
  const dContents = [
    matMul(dScores, ks),
    matMul(dScores, qs, { transposeA: true }),
  ];
  const dRows = parts.map(({ content, rows }) => {
    const each = gatheredBack(dScores, content, shape);
    const change = tf.reshape(matMul(each, rows), [H, padding.batch, L, D]);
    dContents[content] = tf.add(dContents[content]!, change);
    const flat = tf.reshape([qs, ks][content]!, [H, padding.batch * L, D]);
    const own = matMul(each, flat, { transposeA: true }); // [H, R, D]
    return tf.reshape(tf.transpose(own, [1, 0, 2]), [R, H * D]);
  });
  const dv = matMul(shares, out, { transposeA: true });
  return [
    ...dContents.map((d) => fromHeads(d, shape)),
    fromHeads(dv, shape),
    ...dRows,
  ];
}
