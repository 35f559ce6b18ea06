import * as tf from "@tensorflow/tfjs-core";
import { joined } from "./joined.ts";
import { native } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import { onGpu } from "../on_gpu.ts";
import { scatteredByProducts } from "./scattered_by_products.ts";
import type { Tensor, Tensor2D } from "../tensors/tensor_types.ts";

/**
 * Gradient of a table `[V, D]` that is zero but in a few rows: those whose
 * ids a batch looked up. A vocabulary of 151,936 words then costs a gradient of
 * as many rows as the batch has different words.
 */
export class RowGradient {
  /** Numbers of the rows, shape `[U]`, each once, rising. */
  readonly ids: Int32Array;
  /** Gradient of each of these rows, shape `[U, D]`. */
  readonly rows: Tensor2D;
  /** Shape of the table. */
  readonly shape: [number, number];

  /**
   * Takes what it is given; {@linkcode rowGradient} sums equal ids.
   *
   * @param ids Numbers of the rows, each once, rising.
   * @param rows Their gradients; they are now this object's.
   * @param shape Shape of the table.
   */
  constructor(ids: Int32Array, rows: Tensor2D, shape: [number, number]) {
    this.ids = ids;
    this.rows = rows;
    this.shape = shape;
  }

  /** Whether the rows were freed. */
  get isDisposed(): boolean {
    return this.rows.isDisposed;
  }

  /** Frees the rows. */
  dispose(): void {
    this.rows.dispose();
  }
}

/** A gradient, in full or the rows that are not zero. */
export type Gradient = Tensor | RowGradient;

/**
 * Gradient of a table from the gradients of looked-up rows: those of equal ids
 * are summed, so that norms and moments see each row once. Where that is half of
 * the table or more, the gradient comes in full.
 *
 * @param ids Number of each row that was looked up, shape `[N]`.
 * @param dy Gradients of what was looked up, shape `[N, D]`; they stay the caller's.
 * @param shape Shape of the table.
 * @returns The gradient; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { RowGradient, rowGradient } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const dy = tf.tensor2d([[1], [2], [4]]);
 * const gradient = rowGradient(Int32Array.of(7, 3, 7), dy, [100, 1]);
 * assert.ok(gradient instanceof RowGradient);
 * assert.deepEqual([...gradient.ids], [3, 7]);
 * assert.deepEqual([...gradient.rows.dataSync()], [2, 5]);
 * ```
 */
export function rowGradient(
  ids: Int32Array,
  dy: Tensor2D,
  shape: [number, number],
): Gradient {
  const [V, D] = shape;
  // By marks in a table's length: a set and a sort would be the slowest
  // JavaScript of a large batch's step.
  const places = new Int32Array(V);
  for (const id of ids) places[id] = 1;
  const unique: number[] = [];
  for (let id = 0; id < V; id++) {
    if (places[id] === 1) places[id] = unique.push(id) - 1;
  }
  if (2 * unique.length >= V) return summed(ids, dy, shape);
  const segments = ids.map((id) => places[id]!);
  const rows = summed(segments, dy, [unique.length, D]); // [U, D]
  return new RowGradient(Int32Array.from(unique), rows, shape);
}

/**
 * The gradient in full.
 *
 * @param gradient Either form; it stays the caller's.
 * @returns A tensor of the parameter's shape: the same one if it is in full
 * already, else a new one.
 */
export function denseGradient(gradient: Gradient): Tensor {
  return gradient instanceof RowGradient
    ? scattered(gradient.ids, gradient.rows, gradient.shape)
    : gradient;
}

/**
 * Sum of two gradients of one parameter.
 *
 * @param a One; it stays the caller's.
 * @param b The other; it stays the caller's.
 * @returns The sum, as rows if both are; the caller owns it.
 */
export function addGradients(a: Gradient, b: Gradient): Gradient {
  if (a instanceof RowGradient && b instanceof RowGradient) {
    const rows = tf.concat([a.rows, b.rows]) as Tensor2D;
    const sum = rowGradient(joined([a.ids, b.ids]), rows, a.shape);
    rows.dispose();
    return sum;
  }
  return tf.tidy(() => tf.add(denseGradient(a), denseGradient(b)));
}

/** Rows added up where several have one place, `shape`; no row is read back. */
function summed(
  ids: Int32Array,
  rows: Tensor2D,
  shape: [number, number],
): Tensor2D {
  if (native()) return summedInOrder(ids, rows, shape[0]);
  return onGpu()
    ? scatteredByProducts(ids, rows, shape[0])
    : scattered(ids, rows, shape);
}

/** By a compiled kernel, which is told what rows belong to each place. */
function summedInOrder(ids: Int32Array, rows: Tensor2D, V: number): Tensor2D {
  const starts = new Int32Array(V + 1);
  for (const id of ids) starts[id + 1]!++;
  for (let v = 0; v < V; v++) starts[v + 1]! += starts[v]!;
  const next = starts.slice();
  const order = new Int32Array(ids.length);
  for (let row = 0; row < ids.length; row++) order[next[ids[row]!]!++] = row;
  return runNative("TdroRowSum", {
    inputs: [rows],
    ints: [order, starts],
  })[0] as Tensor2D;
}

/** Rows at their places, those of one place added up in any order. */
function scattered(
  ids: Int32Array,
  rows: Tensor2D,
  shape: [number, number],
): Tensor2D {
  const at = tf.tensor2d(ids, [ids.length, 1], "int32");
  const sum = tf.scatterND(at, rows, shape) as Tensor2D;
  at.dispose();
  return sum;
}
