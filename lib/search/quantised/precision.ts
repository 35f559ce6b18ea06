/**
 * How the numbers of a vector are kept, in the words of sentence-transformers:
 * whole; in 256 steps of each component's range, signed or not; or as a bit each,
 * whether the component is above 0, eight to a byte, signed or not.
 */
export type VectorPrecision =
  | "float32"
  | "int8"
  | "uint8"
  | "binary"
  | "ubinary";

/** Precisions that can be searched: the others differ from them in signs alone. */
export type SearchPrecision = Extract<
  VectorPrecision,
  "float32" | "int8" | "binary"
>;

/** All of them, finest first. */
export const SEARCH_PRECISIONS = [
  "float32",
  "int8",
  "binary",
] as const satisfies readonly SearchPrecision[];

/**
 * Bytes that a vector takes.
 *
 * @param dimension Components of the vector.
 * @param precision How each is kept.
 *
 * @example Usage
 * ```ts
 * import { bytesPerVector } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * assert.equal(bytesPerVector(384, "float32"), 1536);
 * assert.equal(bytesPerVector(384, "int8"), 384);
 * assert.equal(bytesPerVector(384, "binary"), 48);
 * ```
 */
export function bytesPerVector(
  dimension: number,
  precision: VectorPrecision,
): number {
  switch (precision) {
    case "float32":
      return 4 * dimension;
    case "int8":
    case "uint8":
      return dimension;
    case "binary":
    case "ubinary":
      return Math.ceil(dimension / 8);
  }
}
