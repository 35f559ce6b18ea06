import type { Tensor2D } from "../../backend/mod.ts";
import {
  dropout,
  type KernelOptions,
  type Sequences,
} from "../../backend/kernels/mod.ts";

/** What is dropped in a training pass. */
export interface Dropout {
  /** Probability of a number to be dropped, in [0, 1). */
  rate: number;
  /**
   * A whole number for each text `[B]` (to `embed()`) or row `[T]` (within a
   * model). With the place in the text and in the model it decides what is
   * dropped: the same whatever else is in the batch, and each time it is
   * computed again.
   */
  seeds: Int32Array;
}

/** A seed for each row, from that of its text and its place there, `[T]`. */
export function rowSeeds(
  seeds: Int32Array,
  { offsets }: Sequences,
): Int32Array {
  const rows = new Int32Array(offsets.at(-1)!);
  for (let i = 1; i < offsets.length; i++) {
    const start = offsets[i - 1]!;
    for (let t = start; t < offsets[i]!; t++) {
      rows[t] = mix(seeds[i - 1]! + Math.imul(t - start + 1, 0x9e3779b9));
    }
  }
  return rows;
}

/** Drops numbers of `[T, D]` at the place in the model called `name`. */
export function dropRows(
  x: Tensor2D,
  name: string,
  { rate, seeds, tape }: Dropout & KernelOptions,
): Tensor2D {
  if (rate === 0) return x;
  let place = 0;
  for (let i = 0; i < name.length; i++) {
    place = mix(place + name.charCodeAt(i) + 1);
  }
  const seed = seeds.map((seed) => mix(seed ^ place));
  return dropout(x, rate, { seed, tape });
}

/** The finisher of MurmurHash3 (32 bits, public domain): spreads every bit. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) | 0;
}
