import * as tf from "@tensorflow/tfjs-core";
import { readValues, type Tensor2D } from "../backend/mod.ts";
import { denseGradient } from "../backend/kernels/mod.ts";
import { disposeAll, type Gradients } from "./gradients.ts";

/**
 * Inner products of all pairs of gradients. All are in memory until the end; sums over
 * a parameter are made in float32 and over parameters in float64.
 *
 * @param of What each gradient is taken of.
 * @param gradientsOf Takes one; what it gives is freed.
 * @returns Symmetric, shape `[G][G]`.
 */
export async function gradientGram<Of>(
  of: readonly Of[],
  gradientsOf: (each: Of) => Promise<Gradients>,
): Promise<number[][]> {
  const all: Gradients[] = [];
  try {
    for (const each of of) all.push(await gradientsOf(each));
    const names = new Set(all.flatMap((each) => Object.keys(each)));
    const sums = of.map(() => of.map(() => 0));
    for (const name of names) {
      const gram = tf.tidy(() => products(all, name));
      const values = await readValues(gram);
      gram.dispose();
      sums.forEach((row, i) => {
        // From one half, so that they are symmetric whatever rounding does.
        for (let j = 0; j <= i; j++) row[j]! += values[i * of.length + j]!;
      });
    }
    return sums.map((row, i) =>
      row.map((value, j) => j <= i ? value : sums[j]![i]!)
    );
  } finally {
    all.forEach(disposeAll);
  }
}

/** Inner products of one parameter's gradients; one that is absent is 0. */
function products(all: readonly Gradients[], name: string): Tensor2D {
  const parts = all.map((each) => each[name]);
  const size = parts.find(Boolean)!.shape.reduce((a, b) => a * b, 1);
  const rows = tf.stack(
    parts.map((part) =>
      part ? tf.reshape(denseGradient(part), [size]) : tf.zeros([size])
    ),
  ) as Tensor2D; // [G, size]
  return tf.matMul(rows, rows, false, true);
}
