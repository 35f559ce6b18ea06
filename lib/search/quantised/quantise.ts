import type { Embeddings } from "../../model/types.ts";
import { bytesPerVector, type VectorPrecision } from "./precision.ts";
import {
  type QuantisationRanges,
  quantisationRanges,
  rangeSteps,
} from "./ranges.ts";

/** Vectors of fewer bytes, row-major. */
export interface QuantisedVectors {
  /** Values, shape `[count, D]`; of bits, `[count, ⌈D / 8⌉]` bytes. */
  data: Float32Array | Int8Array | Uint8Array;
  /** Number of vectors. */
  count: number;
  /** Components of each. */
  dimension: number;
  /** How each component is kept. */
  precision: VectorPrecision;
  /** What 8-bit values are steps of; absent for other precisions. */
  ranges?: QuantisationRanges;
}

/** Options for {@linkcode quantise}. */
export interface QuantiseOptions {
  /** How each component is kept. */
  precision: VectorPrecision;
  /**
   * Ranges of the components for 8 bits, from {@linkcode quantisationRanges} of
   * vectors like these. @default {those of the vectors themselves}
   */
  ranges?: QuantisationRanges | undefined;
}

/**
 * Makes vectors smaller: four times in 8 bits, 32 times in one. The bytes are those
 * of `quantize_embeddings` of sentence-transformers, given the same ranges.
 *
 * @param embeddings The vectors, all finite; they aren't changed.
 * @param options Precision, and ranges for 8 bits.
 * @returns The smaller ones.
 * @throws {RangeError} If the ranges are of another dimension, or have to be measured
 * on fewer than two vectors.
 *
 * @example Usage
 * ```ts
 * import { quantise } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const vectors = { data: Float32Array.of(0, 255, 255, 0), count: 2, dimension: 2 };
 * const bytes = quantise(vectors, { precision: "int8" });
 * assert.deepEqual([...bytes.data], [-128, 127, 127, -128]);
 * const bits = quantise(vectors, { precision: "ubinary" });
 * assert.deepEqual([...bits.data], [0b01000000, 0b10000000]);
 * ```
 */
export function quantise(
  embeddings: Embeddings,
  { precision, ranges }: QuantiseOptions,
): QuantisedVectors {
  const { data, count, dimension } = embeddings;
  const about = { count, dimension, precision };
  switch (precision) {
    case "float32":
      return { ...about, data };
    case "int8":
    case "uint8": {
      const used = ranges ?? ownRanges(embeddings);
      return {
        ...about,
        data: steps(embeddings, precision, used),
        ranges: used,
      };
    }
    case "binary":
      // NumPy's packed byte less 128, as a signed number.
      return {
        ...about,
        data: new Int8Array(
          packBits(embeddings).map((byte) => byte ^ 128).buffer,
        ),
      };
    case "ubinary":
      return { ...about, data: packBits(embeddings) };
  }
}

function ownRanges(embeddings: Embeddings): QuantisationRanges {
  if (embeddings.count < 2) {
    throw new RangeError(
      `Cannot quantise: ranges must be given, or be measured on at least two vectors: got ${embeddings.count}`,
    );
  }
  return quantisationRanges(embeddings);
}

/** Each value's step in its component's range, in float32 as NumPy computes it. */
function steps(
  { data, count, dimension }: Embeddings,
  precision: "int8" | "uint8",
  ranges: QuantisationRanges,
): Int8Array | Uint8Array {
  if (ranges.low.length !== dimension || ranges.high.length !== dimension) {
    throw new RangeError(
      `Cannot quantise: ranges must be of ${dimension} components, as the vectors: got ${ranges.low.length}`,
    );
  }
  const sizes = rangeSteps(ranges).map((size) => size === 0 ? 1 : size);
  const { low } = ranges;
  const offset = precision === "int8" ? 128 : 0;
  const out = precision === "int8"
    ? new Int8Array(count * dimension)
    : new Uint8Array(count * dimension);
  for (let at = 0; at < out.length; at += dimension) {
    for (let d = 0; d < dimension; d++) {
      const step = Math.floor(
        Math.fround(Math.fround(data[at + d]! - low[d]!) / sizes[d]!),
      );
      out[at + d] = Math.min(255, Math.max(0, step)) - offset;
    }
  }
  return out;
}

/** A bit a component, the first in the highest place of a byte. */
function packBits({ data, count, dimension }: Embeddings): Uint8Array {
  const bytes = bytesPerVector(dimension, "ubinary");
  const out = new Uint8Array(count * bytes);
  for (let row = 0; row < count; row++) {
    for (let d = 0; d < dimension; d++) {
      if (data[row * dimension + d]! > 0) {
        out[row * bytes + (d >> 3)]! |= 128 >> (d & 7);
      }
    }
  }
  return out;
}

/**
 * Numbers that stand for smaller vectors: of 8 bits the middle of each step, of a
 * bit 1 or -1. Products with them rank passages as the smaller vectors can.
 *
 * @param vectors Vectors that {@linkcode quantise} made.
 * @returns Vectors of the same dimension.
 *
 * @example Usage
 * ```ts
 * import { dequantise, quantise } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const vectors = { data: Float32Array.of(0.3, -0.2), count: 1, dimension: 2 };
 * const bits = quantise(vectors, { precision: "binary" });
 * assert.deepEqual([...dequantise(bits).data], [1, -1]);
 * ```
 */
export function dequantise(vectors: QuantisedVectors): Embeddings {
  const { data, count, dimension, precision, ranges } = vectors;
  const out = new Float32Array(count * dimension);
  if (precision === "float32") out.set(data);
  else if (precision === "binary" || precision === "ubinary") {
    unpackBits(data, precision === "binary" ? 128 : 0, { dimension, out });
  } else {
    const { first, size } = stepMiddles(ranges!, precision);
    for (let at = 0; at < out.length; at += dimension) {
      for (let d = 0; d < dimension; d++) {
        out[at + d] = first[d]! + data[at + d]! * size[d]!;
      }
    }
  }
  return { data: out, count, dimension };
}

/** What 0 stands for in 8 bits, the middle of its step, and the size of steps. */
export function stepMiddles(
  ranges: QuantisationRanges,
  precision: "int8" | "uint8",
): { first: Float32Array; size: Float32Array } {
  const size = rangeSteps(ranges);
  const middle = (precision === "int8" ? 128 : 0) + 0.5;
  return { first: ranges.low.map((low, d) => low + middle * size[d]!), size };
}

function unpackBits(
  data: ArrayLike<number>,
  flip: number,
  { dimension, out }: { dimension: number; out: Float32Array },
): void {
  const bytes = bytesPerVector(dimension, "ubinary");
  const whole = dimension >> 3;
  let at = 0;
  for (let start = 0; at < out.length; start += bytes) {
    for (let b = start; b < start + whole; b++, at += 8) {
      const byte = data[b]! ^ flip;
      out[at] = (byte >> 6 & 2) - 1;
      out[at + 1] = (byte >> 5 & 2) - 1;
      out[at + 2] = (byte >> 4 & 2) - 1;
      out[at + 3] = (byte >> 3 & 2) - 1;
      out[at + 4] = (byte >> 2 & 2) - 1;
      out[at + 5] = (byte >> 1 & 2) - 1;
      out[at + 6] = (byte & 2) - 1;
      out[at + 7] = (byte << 1 & 2) - 1;
    }
    for (let d = 8 * whole; d < dimension; d++) {
      const byte = data[start + whole]! ^ flip;
      out[at++] = byte & (128 >> (d & 7)) ? 1 : -1;
    }
  }
}
