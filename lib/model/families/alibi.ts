import * as tf from "@tensorflow/tfjs-core";
import type { Tensor3D } from "../../backend/mod.ts";

/**
 * How fast each head's scores fall with the distance (ALiBi, arXiv 2108.12409):
 * a geometric row that ends at 2^-8; of heads that are no power of two, the rest
 * lies between those of the next smaller power.
 */
export function alibiSlopes(heads: number): number[] {
  const whole = 2 ** Math.floor(Math.log2(heads));
  const row = (n: number) =>
    Array.from({ length: n }, (_, h) => 2 ** (-8 * (h + 1) / n));
  const between = row(2 * whole).filter((_, h) => h % 2 === 0);
  return [...row(whole), ...between.slice(0, heads - whole)];
}

/** The bias of every pair of tokens, alike in both directions, `[H, L, L]`. */
export function alibiBias(L: number, heads: number): Tensor3D {
  const slopes = alibiSlopes(heads);
  const biases = new Float32Array(heads * L * L);
  for (let at = 0; at < biases.length; at++) {
    const pair = at % (L * L);
    const distance = Math.abs(Math.floor(pair / L) - pair % L);
    biases[at] = -slopes[Math.floor(at / (L * L))]! * distance;
  }
  return tf.tensor3d(biases, [heads, L, L]);
}
