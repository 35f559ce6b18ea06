import type { Embeddings } from "../../model/types.ts";
import type { RankedHeap, TieOrder } from "../exact/ranked_heap.ts";
import type { PreparedPassages, PrepareFunction } from "../exact/top_k.ts";
import type { HammingFunction } from "./hamming.ts";
import type { QuantisedVectors } from "./quantise.ts";

/** Vectors in one precision, in the order in which they were added. */
export interface QuantisedStore extends Disposable {
  /** Adds vectors of the store's precision. */
  add(vectors: QuantisedVectors): void;
  /** The best of all rows for each query. */
  search(queries: Embeddings, options: StoreSearch): Promise<RankedHeap[]>;
  /** Numbers that stand for some rows, in the order asked for. */
  decode(rows: ArrayLike<number>): Embeddings;
}

/** How a store is searched. */
export interface StoreSearch {
  /** Rows to keep for each query. */
  k: number;
  /** Which of two rows of equal score comes first. */
  tie: TieOrder;
  /** Stops the search at the next block. */
  signal?: AbortSignal | undefined;
}

/** Vectors of 8 bits: a value stands for `first[d] + value · size[d]`. */
export interface SteppedVectors {
  /** Values, shape `[count, dimension]`. */
  data: Int8Array;
  /** Number of vectors. */
  count: number;
  /** Components of each. */
  dimension: number;
  /** What 0 stands for, shape `[dimension]`. */
  first: Float32Array;
  /** Size of a step, shape `[dimension]`. */
  size: Float32Array;
}

/** Makes vectors of 8 bits ready, where it can. */
export type PrepareStepsFunction = (
  vectors: SteppedVectors,
) => PreparedPassages | undefined;

/** What makes the search of a store fast. */
export interface SearchKernels {
  /** Preselects rows by their numbers. */
  prepare?: PrepareFunction | undefined;
  /** Preselects rows of 8 bits as they are; `nearestSteps` of the backend room is one. */
  prepareSteps?: PrepareStepsFunction | undefined;
  /** Counts bits that differ. */
  hamming?: HammingFunction | undefined;
}

/** Pieces of rows, found by the number of a row. */
export class Pieces<Piece> {
  /** The pieces, in order. */
  readonly all: { piece: Piece; first: number; count: number }[] = [];

  /** Rows of all pieces. */
  get count(): number {
    const last = this.all.at(-1);
    return last ? last.first + last.count : 0;
  }

  /** Appends a piece of so many rows. */
  add(piece: Piece, count: number): void {
    if (count > 0) this.all.push({ piece, first: this.count, count });
  }

  /** Forgets them. */
  clear(): void {
    this.all.length = 0;
  }

  /** The piece that holds a row, and where in it. */
  at(row: number): [piece: Piece, row: number] {
    let [low, high] = [0, this.all.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.all[middle]!.first <= row) low = middle;
      else high = middle - 1;
    }
    const { piece, first } = this.all[low]!;
    return [piece, row - first];
  }
}
