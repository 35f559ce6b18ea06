import { CandidateList } from "./candidate_list.ts";
import { nativeSearch } from "../native_state.ts";
import { composedCandidates } from "./composed_candidates.ts";
import { errorBound, lengthOf } from "./error_bound.ts";
import { nativeRows } from "./native_rows.ts";
import {
  BLOCK,
  type DeviceQueries,
  deviceRows,
  type ScoreBlock,
} from "./score_blocks.ts";

/** Vectors, row-major. */
export interface RowMatrix {
  /** Values, shape `[count, dimension]`, all finite. */
  data: Float32Array;
  /** Number of vectors. */
  count: number;
  /** Length of each. */
  dimension: number;
}

/** Options for {@linkcode nearestRows}. */
export interface NearestRowsOptions {
  /**
   * Precision of the products by which rows are preselected: `"float32"`,
   * `"bfloat16"`, `"int16"` (whole numbers, by compiled kernels
   * alone: float32 elsewhere), or the fastest of them. What is found doesn't
   * depend on it, the time does. @default {"auto"}
   */
  precision?: "auto" | "float32" | "bfloat16" | "int16";
}

/** Rows that are ready to be searched. */
export interface NearestRows {
  /**
   * Finds, for each query, rows among which are surely all whose inner product
   * with it is one of the k largest, equal ones included.
   *
   * @param queries Query vectors, all finite.
   * @param k How many are wanted.
   * @param bars A number for each query, below which none is wanted.
   * @returns For each query the numbers of the rows, in no special order.
   */
  candidates(
    queries: RowMatrix,
    k: number,
    bars: ArrayLike<number>,
  ): Promise<Int32Array[]>;
  /**
   * Inner products of queries with rows, such as `candidates` finds: summed over
   * the dimensions in order, in float64, and rounded to float32 once.
   *
   * @param queries Query vectors.
   * @param found For each query the numbers of some rows.
   * @returns For each query their scores; nothing where no compiled kernel does
   * it: the caller can as well.
   */
  scores(
    queries: RowMatrix,
    found: readonly Int32Array[],
  ): Float32Array[] | undefined;
  /** Frees the rows' memory on the device. */
  dispose(): void;
}

/**
 * Puts rows on the device, for exhaustive search by inner product: the
 * backend's matrix product finds which rows may be among the k nearest, and the
 * caller computes the scores of those alone. Products are rounded, some
 * coarsely; how far off one can be is computed from the lengths of the vectors
 * and of what their rounding took away (by Cauchy and Schwarz), and every row
 * within that of the k-th is a candidate, so none is missed.
 *
 * @param rows What to search.
 * @param options Precision of the first look.
 * @returns The rows on the device; the caller frees them.
 *
 * @example Usage
 * ```ts
 * import { nearestRows, useBackend } from "@tdro/tdro/backend";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const rows = nearestRows({
 *   data: Float32Array.of(0, 1, 0.5, 0, 0.5, 0),
 *   count: 3,
 *   dimension: 2,
 * });
 * const query = { data: Float32Array.of(1, 0), count: 1, dimension: 2 };
 * const [found] = await rows.candidates(query, 1, [-Infinity]);
 * assert(found!.includes(1) && found!.includes(2));
 * rows.dispose();
 * ```
 */
export function nearestRows(
  matrix: RowMatrix,
  { precision = "auto" }: NearestRowsOptions = {},
): NearestRows {
  return nativeSearch()
    ? nativeRows(matrix, precision)
    : composedRows(matrix, precision);
}

/** {@linkcode NearestRows} by the backend's own operations. */
function composedRows(
  matrix: RowMatrix,
  precision: NonNullable<NearestRowsOptions["precision"]>,
): NearestRows {
  const { count, dimension } = matrix;
  const rows = deviceRows(matrix, precision);
  return {
    candidates: async (queries, k, bars) => {
      const found: Int32Array[] = [];
      for (let from = 0; from < queries.count; from += QUERIES) {
        const size = Math.min(QUERIES, queries.count - from);
        const part = queries.data.subarray(
          from * dimension,
          (from + size) * dimension,
        );
        const there = rows.queries(part, size);
        try {
          const lists = Array.from({ length: size }, (_, q) => {
            const length = lengthOf(part, q * dimension, dimension);
            const error = errorBound(rows, length, there.moved[q]!);
            return new CandidateList({
              k,
              bar: bars[from + q]!,
              error,
              relative: rows.rounding,
            });
          });
          const { scoreBytes } = rows;
          await findCandidates(there, lists, { count, scoreBytes });
          for (const list of lists) found.push(list.rows());
        } finally {
          there.dispose();
        }
      }
      return found;
    },
    scores: () => undefined,
    dispose: () => rows.dispose(),
  };
}

/** Queries multiplied at a time: scores of 256 × 16,384 are 8 or 16 MB. */
const QUERIES = 256;

/**
 * Puts the rows that may be among the k nearest on the lists: spans of blocks
 * one after the other, whose scores fit in `SPAN_BYTES`.
 */
async function findCandidates(
  queries: DeviceQueries,
  lists: CandidateList[],
  { count, scoreBytes }: { count: number; scoreBytes: number },
): Promise<void> {
  const span = Math.max(
    1,
    Math.floor(SPAN_BYTES / (scoreBytes * BLOCK * lists.length)),
  );
  for (let first = 0; first < count; first += span * BLOCK) {
    const rows = Math.min(span * BLOCK, count - first);
    const blocks: ScoreBlock[] = [];
    try {
      await composedCandidates({ queries, lists, blocks }, { first, rows });
    } finally {
      for (const block of blocks) block.dispose();
    }
    for (const list of lists) list.settle(true);
  }
}

/** Memory for scores on the device: four or eight blocks of them. */
const SPAN_BYTES = 2 ** 26;
