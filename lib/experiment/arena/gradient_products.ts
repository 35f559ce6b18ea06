import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { readValues, type Variable } from "../../backend/mod.ts";
import { denseGradient, type Gradient } from "../../backend/kernels/mod.ts";

/** Numbers of each gradient that are in memory at once. */
const BLOCK = 1 << 20;

/**
 * Inner products of all pairs of gradients. The gradients are made one at a time
 * and kept in files, from which products are summed block by block: memory holds
 * one gradient, or a block of each, whatever their number.
 *
 * @param count How many gradients, K.
 * @param gradientOf Makes gradient k, by name of the parameter.
 * @param options `parameters`: all of them, in the order that all gradients
 * share; one that a gradient lacks counts as 0. `folder`: where the files go
 * until the end.
 * @returns Symmetric, shape `[K][K]`.
 */
export async function gradientProducts(
  count: number,
  gradientOf: (k: number) => Promise<Record<string, Gradient>>,
  { parameters, folder }: {
    parameters: ReadonlyMap<string, Variable>;
    folder: string;
  },
): Promise<number[][]> {
  await Deno.mkdir(folder, { recursive: true });
  const place = await Deno.makeTempDir({ dir: folder, prefix: "gradients-" });
  const files: Deno.FsFile[] = [];
  try {
    for (let k = 0; k < count; k++) {
      const file = await Deno.open(join(place, `${k}`), {
        read: true,
        write: true,
        create: true,
      });
      files.push(file);
      await writeGradient(file, await gradientOf(k), parameters);
      await file.seek(0, Deno.SeekMode.Start);
    }
    const sizes = [...parameters.values()].map(({ size }) => size);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const products = files.map(() => files.map(() => 0));
    for (let done = 0; done < total; done += BLOCK) {
      const rows = await readBlocks(files, Math.min(BLOCK, total - done));
      await addProducts(products, rows);
    }
    return products;
  } finally {
    for (const file of files) file.close();
    await Deno.remove(place, { recursive: true });
  }
}

/** Writes a gradient, parameter by parameter, and frees it. */
async function writeGradient(
  file: Deno.FsFile,
  gradient: Record<string, Gradient>,
  parameters: ReadonlyMap<string, Variable>,
): Promise<void> {
  try {
    for (const [name, { size }] of parameters) {
      const part = gradient[name];
      await writeNumbers(
        file,
        part ? await denseValues(part) : new Float32Array(size),
      );
    }
  } finally {
    for (const part of Object.values(gradient)) part.dispose();
  }
}

async function denseValues(gradient: Gradient): Promise<Float32Array> {
  const dense = denseGradient(gradient);
  try {
    return await readValues(dense);
  } finally {
    if (dense !== gradient) dense.dispose();
  }
}

async function writeNumbers(
  file: Deno.FsFile,
  numbers: Float32Array,
): Promise<void> {
  let bytes = new Uint8Array(
    numbers.buffer,
    numbers.byteOffset,
    numbers.byteLength,
  );
  while (bytes.length > 0) bytes = bytes.subarray(await file.write(bytes));
}

/** The next numbers of each file, one row after the other. */
async function readBlocks(
  files: readonly Deno.FsFile[],
  size: number,
): Promise<tf.Tensor2D> {
  const rows = new Float32Array(files.length * size);
  for (const [k, file] of files.entries()) {
    const bytes = new Uint8Array(rows.buffer, 4 * k * size, 4 * size);
    for (let read = 0; read < bytes.length;) {
      const more = await file.read(bytes.subarray(read));
      if (more === null) throw new Error("a gradient's file ended early");
      read += more;
    }
  }
  return tf.tensor2d(rows, [files.length, size]);
}

/** Adds the products of all pairs of rows, in double precision; frees them. */
async function addProducts(
  products: number[][],
  rows: tf.Tensor2D,
): Promise<void> {
  const gram = tf.tidy(() => tf.matMul(rows, rows, false, true));
  rows.dispose();
  const values = await readValues(gram);
  gram.dispose();
  for (const [i, row] of products.entries()) {
    // From one half, so that they are symmetric whatever rounding does.
    for (let j = 0; j <= i; j++) {
      row[j]! += values[i * products.length + j]!;
      products[j]![i] = row[j]!;
    }
  }
}
