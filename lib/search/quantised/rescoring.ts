import { SEARCH_PRECISIONS, type SearchPrecision } from "./precision.ts";

/** How passages are searched, and scored again. */
export interface Rescoring {
  /** How passages are kept while all of them are searched. */
  precision: SearchPrecision;
  /**
   * Passages found for each one wanted, to be scored again; 0: what the search
   * finds is what counts. @default {4 for binary, else 0}
   */
  rescore: number;
  /**
   * The vectors by which they are scored again, at least as fine; the query is
   * whole. Absent where none are scored again.
   * @default {binary for binary, which takes no more memory; float32 for int8}
   */
  rescoreBy?: SearchPrecision | undefined;
}

/** {@linkcode Rescoring}, as far as it was said. */
export type SmallSearch =
  & Pick<Rescoring, "precision">
  & { [K in "rescore" | "rescoreBy"]?: Rescoring[K] | undefined };

/** Passages found for each one wanted, where nothing else is said. */
const DEFAULT_RESCORE = { float32: 0, int8: 0, binary: 4 } as const;

/**
 * Fills in how passages are scored again, and refuses what changes nothing.
 *
 * @param given What was said of it.
 * @throws {RangeError} If `rescore` is out of range, or `rescoreBy` isn't finer.
 *
 * @example Usage
 * ```ts
 * import { checkRescoring } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(checkRescoring({ precision: "binary" }), {
 *   precision: "binary",
 *   rescore: 4,
 *   rescoreBy: "binary",
 * });
 * assert.throws(() => checkRescoring({ precision: "float32", rescore: 2 }), /whole/);
 * ```
 */
export function checkRescoring(
  { precision, rescore = DEFAULT_RESCORE[precision], rescoreBy }: SmallSearch,
): Rescoring {
  if (!Number.isInteger(rescore) || rescore < 0) {
    throw cannot(
      `rescore must be a whole number of passages for each one wanted, or 0: got ${rescore}`,
    );
  }
  const by = rescoreBy ?? (precision === "binary" ? "binary" : "float32");
  const finer = SEARCH_PRECISIONS.indexOf(by) <
    SEARCH_PRECISIONS.indexOf(precision);
  if (rescore > 0 && precision === "float32") {
    throw cannot(
      "float32 vectors are whole, so nothing can score better: leave out rescore",
    );
  }
  if (rescore > 0 && !finer && precision !== "binary") {
    throw cannot(
      `rescoreBy must be finer than ${precision}, whose scores are those of the search: got ${by}; use float32`,
    );
  }
  if (rescore === 0 && rescoreBy !== undefined) {
    throw cannot(
      `rescoreBy ${rescoreBy} needs rescore, passages found for each one wanted: got 0`,
    );
  }
  return rescore > 0
    ? { precision, rescore, rescoreBy: by }
    : { precision, rescore };
}

function cannot(why: string): RangeError {
  return new RangeError(`Cannot rescore: ${why}`);
}
