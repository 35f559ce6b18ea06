import * as tf from "@tensorflow/tfjs-core";
import { affine } from "../tensors/affine.ts";
import {
  type Bf16Matrix,
  type Bf16Ops,
  bf16OpsThatAddExactly,
} from "./bf16_ops.ts";
import type { ScoreError } from "./error_bound.ts";
import type { RowMatrix } from "./nearest_rows.ts";
import { onGpu } from "../on_gpu.ts";
import type { Tensor2D } from "../tensors/tensor_types.ts";

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
export interface DeviceRows extends ScoreError {
  /** Error of a score by its own rounding, relative to itself. */
  rounding: number;
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
  return ops ? bf16Rows(matrix, ops) : float32Rows(matrix);
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

/** Largest length of a row. */
function longest(x: Tensor2D): number {
  return tf.tidy(() => tf.sqrt(tf.max(tf.sum(tf.square(x), 1))).dataSync()[0]!);
}

/** Rows that are multiplied in float32. */
function float32Rows(matrix: RowMatrix): DeviceRows {
  const { dimension } = matrix;
  const blocks = [...blocksOf(matrix)];
  return {
    norm: blocks.reduce((most, block) => Math.max(most, longest(block)), 0),
    scoreBytes: 4,
    moved: 0,
    rounding: 2 ** -23,
    // Any order of float32 sums. A GPU may multiply in TF32: ten bits.
    sum: dimension * 2 ** -23 + (onGpu() ? 2 ** -9 : 0),
    queries(values, queryCount) {
      const x = tf.tensor2d(values, [queryCount, dimension]);
      return {
        moved: new Float64Array(queryCount),
        times: (b) =>
          float32Block(
            affine(x, blocks[b]!, { transposeB: true, precision: "float32" }),
          ),
        dispose: () => x.dispose(),
      };
    },
    dispose: () => blocks.forEach((block) => block.dispose()),
  };
}

function float32Block(product: Tensor2D): ScoreBlock {
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
    rounding: 1.01 * 2 ** -9,
    sum: dimension * 2 ** -23,
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
