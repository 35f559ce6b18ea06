import { resting } from "../../base/resting.ts";
import { nativeOnWasm, tilesOnCpu } from "../native_state.ts";
import { CandidateList } from "./candidate_list.ts";
import { errorBound, lengthOf, scaleFor } from "./error_bound.ts";
import { type LookedAt, type LookedFor, nativeLook } from "./native_look.ts";
import { longestRow, nativeScores } from "./native_scores.ts";
import type {
  NearestRows,
  NearestRowsOptions,
  RowMatrix,
} from "./nearest_rows.ts";

/** Rows, and how queries are made ready for them. */
export interface Searched {
  /** The rows, and how they are multiplied. */
  rows: LookedAt;
  /** Makes queries ready, and tells how far the score of each may be off. */
  ask(queries: RowMatrix): LookedFor & { errors: Float64Array };
}

/** Queries that are multiplied together: packed, 1,024 of 384 numbers are 800 kB. */
const QUERIES = 1024;

/** Products between two looks at what else there is to do: some 100 ms of work. */
const PRODUCTS = 2 ** 26;

/** Bytes of rows that are copied at a time, where they have to be. */
const COPIED = 2 ** 23;

/** A score's own rounding to float32, relative to it. */
const ROUNDING = 2 ** -23;

/**
 * {@linkcode NearestRows} by compiled kernels. Nothing is copied beforehand: rows
 * are read where they are, and made ready block by block in a few megabytes.
 */
export function nativeRows(
  matrix: RowMatrix,
  precision: NonNullable<NearestRowsOptions["precision"]>,
): NearestRows {
  const norm = longestRow(matrix);
  return {
    candidates: (queries, k, bars) =>
      candidatesAmong(
        searched(matrix, norm, lookOf(precision, queries.count)),
        queries,
        { k, bars },
      ),
    scores: (queries, found) => nativeScores(queries, matrix.data, found),
    dispose: () => {},
  };
}

/** With so few queries rows are compared as they are: see `nearest.cc`. */
const FEW_QUERIES = 8;

type FloatLook = Exclude<LookedAt["look"], "int8">;

function lookOf(
  precision: NonNullable<NearestRowsOptions["precision"]>,
  queries: number,
): FloatLook {
  if (precision !== "auto") return precision;
  if (queries <= FEW_QUERIES) return "float32";
  return tilesOnCpu() ? "bfloat16" : "int16";
}

/** Float rows as one of the looks sees them. */
function searched(matrix: RowMatrix, norm: number, look: FloatLook): Searched {
  const { dimension } = matrix;
  const sum = dimension * 2 ** -23;
  const scale = look === "int16" ? scaleFor(norm) : 1;
  // What rounding takes off a row: half of a step of each number, of the largest
  // one a whole step; or half of the last of 8 bits.
  const moved = look === "int16"
    ? (Math.sqrt(dimension) / 2 + 1) / scale
    : look === "bfloat16"
    ? 2 ** -9 * norm
    : 0;
  return {
    rows: { ...matrix, look, scale },
    ask({ data, count }) {
      const values = look === "int16" ? new Float32Array(data.length) : data;
      const units = new Float64Array(count).fill(1);
      const errors = new Float64Array(count);
      for (let q = 0; q < count; q++) {
        const at = q * dimension;
        const length = lengthOf(data, at, dimension);
        let queryMoved = look === "bfloat16" ? 2 ** -9 * length : 0;
        if (look === "int16") {
          const up = scaleFor(length);
          units[q] = 1 / (scale * up);
          queryMoved = wholeNumbers(data, up, { at, dimension, out: values });
        }
        errors[q] = errorBound({ norm, moved, sum }, length, queryMoved);
      }
      return { values, units, errors, offsets: new Float64Array(count) };
    },
  };
}

/** Whole numbers of at most 15 bits near `up · x`; returns what that moves x by. */
export function wholeNumbers(
  data: Float32Array | Float64Array,
  up: number,
  { at, dimension, out }: { at: number; dimension: number; out: Float32Array },
): number {
  let square = 0;
  for (let i = at; i < at + dimension; i++) {
    const whole = Math.max(-32767, Math.min(32767, Math.round(data[i]! * up)));
    out[i] = whole;
    square += (data[i]! - whole / up) ** 2;
  }
  return Math.sqrt(square);
}

/** Finds the rows that may be among the k nearest, block by block. */
export async function candidatesAmong(
  { rows, ask }: Searched,
  queries: RowMatrix,
  { k, bars }: { k: number; bars: ArrayLike<number> },
): Promise<Int32Array[]> {
  const { count, dimension } = rows;
  const found: Int32Array[] = [];
  const rest = resting();
  for (let from = 0; from < queries.count; from += QUERIES) {
    const size = Math.min(QUERIES, queries.count - from);
    const asked = ask({
      data: queries.data.subarray(from * dimension, (from + size) * dimension),
      count: size,
      dimension,
    });
    const lists = Array.from(
      asked.errors,
      (error, q) =>
        new CandidateList({
          k,
          bar: bars[from + q]!,
          error,
          relative: ROUNDING,
        }),
    );
    const block = blockOf(rows, size);
    for (let first = 0; first < count; first += block) {
      const some = Math.min(block, count - first);
      const data = rows.data.subarray(
        first * dimension,
        (first + some) * dimension,
      );
      nativeLook({ ...rows, data, count: some }, asked, lists, first);
      await rest();
    }
    for (const list of lists) found.push(list.rows());
  }
  return found;
}

/** Rows to look at in one call. */
function blockOf({ data, dimension }: LookedAt, queries: number): number {
  const most = nativeOnWasm()
    ? COPIED / (data.BYTES_PER_ELEMENT * dimension)
    : PRODUCTS / queries;
  return Math.max(1024, Math.floor(most));
}
