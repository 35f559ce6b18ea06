import type { Sequences } from "../../backend/kernels/mod.ts";

/**
 * Token ids of several texts, one after the other: `[T]` ids, and `offsets`
 * that say where each text lies. This is how the models take them: no
 * arithmetic is spent on padding, and none can leak into a vector.
 */
export interface TokenBatch extends Sequences {
  /** Token ids, shape `[T]`. */
  ids: Int32Array;
  /** Token types, shape `[T]`, for models that have them. @default {all 0} */
  types?: Int32Array;
}

/**
 * Lays the ids of several texts one after the other.
 *
 * @param ids Ids of each text; a text may be empty.
 *
 * @example Usage
 * ```ts
 * import { packTexts } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const { ids, offsets } = packTexts([[5, 6, 7], [], [8]]);
 * assert.deepEqual([...ids], [5, 6, 7, 8]);
 * assert.deepEqual([...offsets], [0, 3, 3, 4]);
 * ```
 */
export function packTexts(ids: readonly (readonly number[])[]): TokenBatch {
  const offsets = new Int32Array(ids.length + 1);
  ids.forEach((row, i) => offsets[i + 1] = offsets[i]! + row.length);
  const packed = new Int32Array(offsets[ids.length]!);
  ids.forEach((row, i) => packed.set(row, offsets[i]!));
  return { ids: packed, offsets };
}

/**
 * Two batches as one: the texts of the first, then those of the second.
 *
 * @param first Texts.
 * @param second More texts.
 *
 * @example Usage
 * ```ts
 * import { joinTexts, packTexts } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const { ids, offsets } = joinTexts(packTexts([[5, 6]]), packTexts([[7], [8]]));
 * assert.deepEqual([...ids], [5, 6, 7, 8]);
 * assert.deepEqual([...offsets], [0, 2, 3, 4]);
 * ```
 */
export function joinTexts(first: TokenBatch, second: TokenBatch): TokenBatch {
  const ids = new Int32Array(first.ids.length + second.ids.length);
  ids.set(first.ids);
  ids.set(second.ids, first.ids.length);
  const after = second.offsets.subarray(1).map((o) => o + first.ids.length);
  const offsets = new Int32Array(first.offsets.length + after.length);
  offsets.set(first.offsets);
  offsets.set(after, first.offsets.length);
  return { ids, offsets };
}

/**
 * The texts of a padded batch without the padding, on whichever side it is.
 *
 * @param padded Ids and mask, e.g. from another library.
 *
 * @example Usage
 * ```ts
 * import { unpad } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const { ids, offsets } = unpad({
 *   ids: Int32Array.of(0, 5, 6, 7),
 *   mask: Float32Array.of(0, 1, 1, 1),
 *   batch: 2,
 *   length: 2,
 * });
 * assert.deepEqual([...ids], [5, 6, 7]);
 * assert.deepEqual([...offsets], [0, 1, 3]);
 * ```
 */
export function unpad({ ids, mask, batch, length }: PaddedBatch): TokenBatch {
  return packTexts(Array.from({ length: batch }, (_, i) => {
    const row = [...ids.subarray(i * length, (i + 1) * length)];
    return row.filter((_, j) => mask[i * length + j] !== 0);
  }));
}

/** Texts of one batch, filled up to a common length on the right. */
export interface PaddedBatch {
  /** Token ids, shape `[batch, length]`, row-major. */
  ids: Int32Array;
  /** 1 where `ids` has a token of the text, 0 where it was filled up. */
  mask: Float32Array;
  /** Number of texts. */
  batch: number;
  /** Common length, at least 1. */
  length: number;
}

/** Options for {@linkcode padBatch}. */
export interface PadBatchOptions {
  /** Id to fill up with, see {@linkcode Tokenizer.padId}. */
  padId: number;
  /**
   * Rounds the common length up to a multiple of this, so that a backend meets
   * fewer different shapes.
   *
   * @default {1}
   */
  multipleOf?: number;
}

/**
 * Fills the ids of several texts up to the length of the longest, on the right.
 *
 * @param ids Ids of each text; an empty text makes a row of padding only.
 * @param options What to fill up with, and how far.
 * @throws {RangeError} If `multipleOf` is no integer > 0.
 *
 * @example Usage
 * ```ts
 * import { padBatch } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const { ids, mask, length } = padBatch([[5, 6, 7], [8]], { padId: 0 });
 * assert.equal(length, 3);
 * assert.deepEqual([...ids], [5, 6, 7, 8, 0, 0]);
 * assert.deepEqual([...mask], [1, 1, 1, 1, 0, 0]);
 * ```
 */
export function padBatch(
  ids: readonly (readonly number[])[],
  { padId, multipleOf = 1 }: PadBatchOptions,
): PaddedBatch {
  if (!Number.isInteger(multipleOf) || multipleOf < 1) {
    throw new RangeError(
      `Cannot pad a batch: multipleOf must be an integer > 0: got ${multipleOf}`,
    );
  }
  const longest = ids.reduce((most, row) => Math.max(most, row.length), 1);
  const length = Math.ceil(longest / multipleOf) * multipleOf;
  const padded = new Int32Array(ids.length * length).fill(padId);
  const mask = new Float32Array(ids.length * length);
  ids.forEach((row, i) => {
    padded.set(row, i * length);
    mask.fill(1, i * length, i * length + row.length);
  });
  return { ids: padded, mask, batch: ids.length, length };
}
