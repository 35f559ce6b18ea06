import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D, Tensor2D } from "./tensor_types.ts";

/**
 * Where each text of a packed batch lies: text i is the rows `offsets[i]` …
 * `offsets[i + 1] - 1`. No row is padding.
 */
export interface Sequences {
  /** Shape `[B + 1]`, from 0, not falling. */
  offsets: Int32Array;
}

/**
 * Length of the longest text, at least 1.
 *
 * @param sequences Where the texts lie.
 */
export function longest({ offsets }: Sequences): number {
  let length = 1;
  for (let i = 1; i < offsets.length; i++) {
    length = Math.max(length, offsets[i]! - offsets[i - 1]!);
  }
  return length;
}

/** How packed rows become padded ones and back; without it where none is needed. */
export interface Padding {
  /** Number of texts. */
  batch: number;
  /** Common length. */
  length: number;
  /** Whether all texts are that long, so that both forms are the same. */
  even: boolean;
  /** `[B·L]`, the packed row of each place, or T where there is none. */
  rows: Int32Array;
  /** `[B·L]`, the same, but row 0 where there is none. */
  someRows: Int32Array;
  /** `[T]`, the place of each packed row. */
  places: Int32Array;
}

/** The padding of packed texts. */
export function paddingOf(sequences: Sequences): Padding {
  const { offsets } = sequences;
  const batch = offsets.length - 1;
  const length = longest(sequences);
  const count = offsets[batch]!;
  const rows = new Int32Array(batch * length).fill(count);
  const someRows = new Int32Array(batch * length);
  const places = new Int32Array(count);
  for (let i = 0; i < batch; i++) {
    const start = offsets[i]!;
    for (let row = start; row < offsets[i + 1]!; row++) {
      const place = i * length + row - start;
      rows[place] = someRows[place] = row;
      places[row] = place;
    }
  }
  const even = count === batch * length;
  return { batch, length, even, rows, someRows, places };
}

/** Packed rows `[T, D]` with rows of zeros between them, `[B·L, D]`. */
export function padRows(x: Tensor2D, { even, rows }: Padding): Tensor2D {
  if (even) return x;
  const filled = tf.concat([x, tf.zeros([1, x.shape[1]])]) as Tensor2D;
  return tf.gather(filled, tf.tensor1d(rows, "int32") as Tensor1D);
}

/**
 * As {@linkcode padRows}, but with any rows between them: for what is looked at
 * in the places of tokens alone. Spares a copy of x.
 */
export function spreadRows(x: Tensor2D, { even, someRows }: Padding): Tensor2D {
  return even ? x : tf.gather(x, tf.tensor1d(someRows, "int32") as Tensor1D);
}

/** The packed rows of padded ones. */
export function packRows(x: Tensor2D, { even, places }: Padding): Tensor2D {
  return even ? x : tf.gather(x, tf.tensor1d(places, "int32") as Tensor1D);
}
