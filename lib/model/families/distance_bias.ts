import type { Tensor2D, Tensor3D } from "../../backend/mod.ts";
import { pairBias } from "../../backend/kernels/mod.ts";
import type { Layers } from "../encode/layers.ts";

/** How distances of two tokens share the rows of a table. */
export interface Distances {
  /** Rows of the table. */
  buckets: number;
  /** Distances from here on share a row. */
  far: number;
}

/** The bias of every pair of tokens by their distance, `[H, L, L]`. */
export function distanceBias(
  layers: Layers,
  L: number,
  { table, ...distances }: Distances & { table: string },
): Tensor3D {
  const rows = new Int32Array(L * L);
  for (let i = 0; i < L; i++) {
    for (let j = 0; j < L; j++) {
      rows[i * L + j] = distanceBucket(j - i, distances);
    }
  }
  return pairBias(layers.get<Tensor2D>(table), { rows, tape: layers.tape });
}

/**
 * Which row of the table a distance takes, as T5 counts it in both directions:
 * half of the rows for keys after the query; in each half, small distances one
 * by one, larger ones on a logarithmic scale.
 */
export function distanceBucket(
  distance: number,
  { buckets, far }: Distances,
): number {
  const half = Math.floor(buckets / 2);
  const exact = Math.floor(half / 2);
  const side = distance > 0 ? half : 0;
  const off = Math.abs(distance);
  if (off < exact) return side + off;
  // In float32, as the reference: a rounding could move a border.
  const { fround } = Math;
  const share = fround(
    fround(Math.log(fround(off / exact))) / fround(Math.log(far / exact)),
  );
  const row = exact + Math.trunc(fround(share * (half - exact)));
  return side + Math.min(row, half - 1);
}
