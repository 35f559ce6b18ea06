import * as tf from "@tensorflow/tfjs-core";
import { affine, wholeProduct } from "../tensors/affine.ts";
import {
  type Bf16Matrix,
  type Bf16Ops,
  bf16OpsThatAddExactly,
} from "./bf16_ops.ts";
import type { RowMatrix } from "./nearest_rows.ts";
import { nativeSearch } from "../run_native.ts";
import { onGpu } from "../on_gpu.ts";
import type { Tensor, Tensor2D } from "../tensors/tensor_types.ts";

/** Rows whose scores are looked at together, by their largest. */
export const GROUP = 16;

/** Rows multiplied at a time; a multiple of {@linkcode GROUP}. */
export const BLOCK = 16384;

/** Scores of some queries with a block of rows, still on the device. */
export interface ScoreBlock {
  /**
   * A score of each group, shape `[Q, groups]`: the largest one, or, if all of
   * the group are below 0, any.
   */
  maxima(): Promise<Float32Array>;
  /** The scores of some groups (`q * groups + group`), shape `[..., GROUP]`. */
  scores(groups: Int32Array): Promise<Float32Array>;
  /**
   * All of them as compiled kernels take them, shape `[Q, ...]`; bfloat16 ones
   * are two in the place of a float.
   */
  raw(): Tensor;
  /** Frees the device's memory. */
  dispose(): void;
}

/** Queries on the device. */
export interface DeviceQueries {
  /** Scores them with a block of rows. */
  times(block: number): ScoreBlock;
  /** How far the rounding of each query moved it, at most; shape `[Q]`. */
  moved: Float64Array;
  /** Frees the device's memory. */
  dispose(): void;
}

/** Rows on the device, in blocks, in the precision that it multiplies in. */
export interface DeviceRows {
  /** Largest length of a row. */
  norm: number;
  /** How far the rounding of a row moved it, at most. */
  moved: number;
  /**
   * Error of a score by its own rounding, relative to itself, and of the sum,
   * relative to the product of the lengths.
   */
  rounding: { score: number; sum: number };
  /** Bytes of a score. */
  scoreBytes: number;
  /** Puts queries on the device. */
  queries(data: Float32Array, count: number): DeviceQueries;
  /** Frees the device's memory. */
  dispose(): void;
}

/** Puts rows on the device of the backend in use. */
export function deviceRows(
  matrix: RowMatrix,
  precision: "auto" | "float32" | "bfloat16" | "int16",
): DeviceRows {
  const ops = precision === "float32" || precision === "int16"
    ? undefined
    : bf16OpsThatAddExactly(precision === "bfloat16");
  if (ops) return bf16Rows(matrix, ops);
  return float32Rows(matrix, {
    whole: precision !== "float32" && nativeSearch(),
  });
}

/** Blocks of rows, `[BLOCK, D]`, the last one filled up with zeros to whole groups. */
function* blocksOf(
  { data, count, dimension }: RowMatrix,
): Generator<Tensor2D> {
  for (let from = 0; from < count; from += BLOCK) {
    const rows = Math.min(BLOCK, count - from);
    const whole = Math.ceil(rows / GROUP) * GROUP;
    let values = data.subarray(from * dimension, (from + rows) * dimension);
    if (whole > rows) {
      const padded = new Float32Array(whole * dimension);
      padded.set(values);
      values = padded;
    }
    yield tf.tensor2d(values, [whole, dimension]);
  }
}

/** Lengths of the rows. */
function lengths(x: Tensor2D): Float32Array {
  return tf.tidy(() =>
    tf.sqrt(tf.sum(tf.square(x), 1)).dataSync<"float32">()
  ) as Float32Array;
}

/** Largest length of a row, before any is on the device; rounded up. */
function longestRow({ data, count, dimension }: RowMatrix): number {
  let most = 0;
  for (let at = 0; at < count * dimension; at += dimension) {
    let square = 0;
    for (let d = 0; d < dimension; d++) square += data[at + d]! * data[at + d]!;
    if (square > most) most = square;
  }
  return Math.sqrt(most);
}

/** Largest length of a row. */
function longest(x: Tensor2D): number {
  return tf.tidy(() => tf.sqrt(tf.max(tf.sum(tf.square(x), 1))).dataSync()[0]!);
}

/**
 * Rows that are multiplied in float32; or, if `whole`, as whole numbers of 16
 * bits, for which they are scaled so that the longest is 2^14 to 2^15 long: no
 * number, and by Cauchy and Schwarz no sum, is too large then.
 */
function float32Rows(
  matrix: RowMatrix,
  { whole }: { whole: boolean },
): DeviceRows {
  const { dimension } = matrix;
  const norm = longestRow(matrix);
  let moved = 0;
  const scale = whole ? scaleFor(norm) : undefined;
  const blocks: Tensor2D[] = [];
  // One at a time: all blocks twice would be the most memory of a search.
  for (const block of blocksOf(matrix)) {
    if (!scale) {
      blocks.push(block);
      continue;
    }
    const scaled = wholeNumbers(block, scale);
    moved = Math.max(moved, longest(scaled.off));
    tf.dispose([block, scaled.off]);
    blocks.push(scaled.numbers);
  }
  return {
    norm,
    scoreBytes: 4,
    moved,
    // Any order of float32 sums. A GPU may multiply in TF32: ten bits.
    rounding: {
      score: 2 ** -23,
      sum: dimension * 2 ** -23 + (onGpu() ? 2 ** -9 : 0),
    },
    queries(values, queryCount) {
      const x = tf.tensor2d(values, [queryCount, dimension]);
      if (!scale) {
        return {
          moved: new Float64Array(queryCount),
          times: (b) =>
            float32Block(
              affine(x, blocks[b]!, { transposeB: true, precision: "float32" }),
            ),
          dispose: () => x.dispose(),
        };
      }
      // Unscaled, short queries are moved to 0: slower, not wrong.
      const queryScale = scaleFor(longest(x)) ?? 1;
      const { numbers, off } = wholeNumbers(x, queryScale);
      const moved = Float64Array.from(lengths(off));
      tf.dispose([x, off]);
      return {
        moved,
        times: (b) =>
          float32Block(
            wholeProduct(numbers, blocks[b]!, 1 / (scale * queryScale)),
          ),
        dispose: () => numbers.dispose(),
      };
    },
    dispose: () => blocks.forEach((block) => block.dispose()),
  };
}

/**
 * The power of two that makes a length 2^14 to 2^15; none for short ones, whose
 * scores might be too small for a float. From 1e18 on it is too large: such
 * vectors are searched without regard to their scores (see `errorBound`).
 */
function scaleFor(length: number): number | undefined {
  if (length < 1e-6) return;
  return 2 ** (14 - Math.floor(Math.log2(Math.min(length, 1e18))));
}

/** Whole numbers of at most 15 bits near `scale · x`, and what that takes off x. */
function wholeNumbers(
  x: Tensor2D,
  scale: number,
): { numbers: Tensor2D; off: Tensor2D } {
  return tf.tidy(() => {
    const numbers = tf.clipByValue(
      tf.round(tf.mul(x, scale)),
      -32767,
      32767,
    ) as Tensor2D;
    return { numbers, off: tf.sub(x, tf.mul(numbers, 1 / scale)) as Tensor2D };
  });
}

function float32Block(product: Tensor2D): ScoreBlock {
  const { shape } = product;
  const groups = tf.reshape(product, [-1, GROUP]);
  product.dispose();
  const fetch = async (x: tf.Tensor) => {
    try {
      return await x.data<"float32">() as Float32Array;
    } finally {
      x.dispose();
    }
  };
  return {
    maxima: () => fetch(tf.max(groups, 1)),
    scores: (which) =>
      fetch(tf.tidy(() => tf.gather(groups, tf.tensor1d(which, "int32")))),
    raw: () => tf.reshape(groups, shape),
    dispose: () => groups.dispose(),
  };
}

function bf16Rows(matrix: RowMatrix, ops: Bf16Ops): DeviceRows {
  const { dimension } = matrix;
  const blocks: Bf16Matrix[] = [];
  let norm = 0;
  let moved = 0;
  for (const block of blocksOf(matrix)) {
    const rounded = ops.round(block);
    norm = Math.max(norm, longest(block));
    tf.tidy(() => {
      const off = tf.sub(block, ops.widen(rounded)) as Tensor2D;
      moved = Math.max(moved, longest(off));
    });
    blocks.push({ id: rounded, count: block.shape[0] });
    block.dispose();
  }
  return {
    norm,
    scoreBytes: 2,
    moved,
    // Products of bfloat16 are exact in float32, in which they are summed.
    rounding: { score: 1.01 * 2 ** -9, sum: dimension * 2 ** -23 },
    queries(values, queryCount) {
      const x = tf.tensor2d(values, [queryCount, dimension]);
      const rounded = ops.round(x);
      const off = tf.tidy(() =>
        lengths(tf.sub(x, ops.widen(rounded)) as Tensor2D)
      );
      x.dispose();
      return {
        moved: Float64Array.from(off),
        times: (b) =>
          ops.scoreBlock({ id: rounded, count: queryCount }, blocks[b]!, GROUP),
        dispose: () => ops.free(rounded),
      };
    },
    dispose: () => blocks.forEach(({ id }) => ops.free(id)),
  };
}
