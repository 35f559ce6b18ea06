import type { RandomSource } from "../../base/random_source.ts";
import {
  bytesPerVector,
  checkRescoring,
  type Rescoring,
  SEARCH_PRECISIONS,
  type SearchPrecision,
} from "../../search/mod.ts";

/** Which smaller vectors are measured beside the whole ones. */
export interface SizesOptions {
  /** Components that are kept, the first ones. @default {all of them} */
  dims?: readonly number[] | undefined;
  /** How each is kept. @default {["float32"]} */
  precisions?: readonly SearchPrecision[] | undefined;
  /**
   * Passages found by bits for each one wanted and scored again; a row without
   * that stands beside it. Those found by 8 bits are scored again only by whole
   * vectors. 0: none. @default {4}
   */
  rescore?: number | undefined;
  /** Vectors by which they are scored again. @default {"binary"} */
  rescoreBy?: SearchPrecision | undefined;
  /**
   * Whether cut vectors are normalised again; not for a model that doesn't
   * normalise its own. @default {true}
   */
  normalize?: boolean | undefined;
  /** Where the chance of intervals comes from. @default {no intervals} */
  rng?: RandomSource | undefined;
}

/** What smaller vectors score; of a record of `tdro eval`. */
export interface VectorSize extends Rescoring {
  /** Components of a vector. */
  dim: number;
  /** Bytes of a passage's vectors, those by which it is scored again included. */
  bytes: number;
  /** Metric → mean over the tasks. */
  mean: Record<string, number>;
  /** 95 % interval of the first metric's mean, over other queries. */
  interval?: [low: number, high: number];
  /** The first metric less that of whole vectors; absent for those. */
  change?: {
    /** Mean difference over the tasks. */
    difference: number;
    /** Its 95 % interval, queries paired. */
    interval?: [low: number, high: number];
  };
  /** Task → metric → mean over its queries. */
  tasks: Record<string, Record<string, number>>;
}

/** How passages are kept and searched: a row of the table. */
export interface SizeCell extends Rescoring {
  /** Components of a vector. */
  dim: number;
}

/**
 * The rows of the table: whole vectors first, then by dims and precisions, large ones
 * first.
 *
 * @param whole Length of the model's vectors.
 * @param options Dims and precisions.
 * @throws {RangeError} If a dim is larger than the vectors, or nothing can be scored
 * again so.
 */
export function sizeCells(
  whole: number,
  { dims = [whole], precisions = ["float32"], ...rescoring }: SizesOptions,
): SizeCell[] {
  const wrong = dims.find((dim) =>
    !(Number.isInteger(dim) && dim >= 1 && dim <= whole)
  );
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot evaluate: dims must be integers from 1 to ${whole}, the length of the model's vectors: got ${wrong}`,
    );
  }
  const lengths = [...new Set(dims)].sort((a, b) => b - a);
  const kinds = SEARCH_PRECISIONS.filter((each) => precisions.includes(each));
  const cells = lengths.flatMap((dim) =>
    kinds.flatMap((precision) =>
      waysToScore(precision, rescoring).map((way) => ({ dim, ...way }))
    )
  );
  const first = { dim: whole, ...checkRescoring({ precision: "float32" }) };
  return [first, ...cells.filter((cell) => !isWhole(cell, whole))];
}

/** Whether a row is of the vectors as the model makes them. */
function isWhole({ dim, precision }: SizeCell, whole: number): boolean {
  return dim === whole && precision === "float32";
}

/** By the search alone, and scored again where that changes anything. */
function waysToScore(
  precision: SearchPrecision,
  { rescore, rescoreBy }: Pick<SizesOptions, "rescore" | "rescoreBy">,
): Rescoring[] {
  const alone = checkRescoring({ precision, rescore: 0 });
  const finer = precision === "binary" ||
    precision === "int8" && rescoreBy === "float32";
  if (!finer || rescore === 0) return [alone];
  return [
    alone,
    checkRescoring({ precision, rescore: rescore ?? 4, rescoreBy }),
  ];
}

/** Bytes of a passage's vectors, those by which it is scored again included. */
export function bytesOf({ dim, precision, rescoreBy }: SizeCell): number {
  return bytesPerVector(dim, precision) +
    (rescoreBy && rescoreBy !== precision ? bytesPerVector(dim, rescoreBy) : 0);
}
