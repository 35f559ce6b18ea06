import type { Run } from "../../data/types.ts";
import type { Embeddings } from "../../model/types.ts";
import { checkEmbeddings, checkK } from "../exact/check_search.ts";
import type { EmbeddedTexts } from "../exact/exact_search.ts";
import { RankedHeap, type TieOrder } from "../exact/ranked_heap.ts";
import {
  checkDistinct,
  largerIdFirst,
  rankedRun,
  rankedTies,
} from "../exact/ranked_run.ts";
import { binaryStore } from "./binary_store.ts";
import { floatStore } from "./float_store.ts";
import { int8Store } from "./int8_store.ts";
import { bytesPerVector, type SearchPrecision } from "./precision.ts";
import { scoreDecoded } from "./score_decoded.ts";
import { quantise, type QuantisedVectors } from "./quantise.ts";
import { type QuantisationRanges, quantisationRanges } from "./ranges.ts";
import { CALIBRATION } from "./calibration.ts";
import { checkRescoring, type SmallSearch } from "./rescoring.ts";
import type { QuantisedStore, SearchKernels } from "./quantised_store.ts";

/** Vectors of fewer bytes, and whose they are. */
export interface QuantisedTexts {
  /** Ids of the rows, each different. */
  ids: readonly string[];
  /** Their vectors. */
  vectors: QuantisedVectors;
}

/** Options for {@linkcode QuantisedIndex}. */
export interface QuantisedIndexOptions extends SearchKernels, SmallSearch {
  /**
   * Ranges of the components for 8 bits, from {@linkcode quantisationRanges}.
   * @default {those of the first 50,000 vectors, or of all before the first search}
   */
  ranges?: QuantisationRanges | undefined;
}

const STORES = {
  float32: floatStore,
  int8: int8Store,
  binary: binaryStore,
} satisfies Record<SearchPrecision, (options: SearchKernels) => QuantisedStore>;

/**
 * Passage vectors in memory in few bytes each, searched exhaustively; what is found
 * may be scored again by vectors of more bytes.
 *
 * Queries stay whole but where bits are compared: with 8 bits a score is the query's
 * product with the middle of each step, with one it is what the bits have in common.
 * Order and ties are those of {@linkcode exactSearch}.
 *
 * @example Usage
 * ```ts
 * import { QuantisedIndex } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * using index = new QuantisedIndex({ precision: "binary", rescore: 2 });
 * index.add({
 *   ids: ["a", "b"],
 *   embeddings: { data: Float32Array.of(0.8, 0.6, 0.8, -0.6), count: 2, dimension: 2 },
 * });
 * assert.equal(index.bytesPerVector, 1);
 * const run = await index.search({
 *   ids: ["q"],
 *   embeddings: { data: Float32Array.of(1, -0.1), count: 1, dimension: 2 },
 * }, 1);
 * assert.deepEqual([...run.get("q")!.keys()], ["b"]);
 * ```
 */
export class QuantisedIndex implements Disposable {
  readonly #options: QuantisedIndexOptions;
  readonly #precision: SearchPrecision;
  readonly #rescore: number;
  /** Vectors that are kept besides, to score by. */
  readonly #also: SearchPrecision | undefined;
  readonly #store: QuantisedStore;
  /** What is found is scored by it again; the same one where it adds nothing. */
  readonly #finer: QuantisedStore | undefined;
  #ranges: QuantisationRanges | undefined;
  /** Whole vectors that wait for ranges. */
  #held: Embeddings[] = [];
  #ids: string[] = [];
  #seen = new Set<string>();
  #dimension: number | undefined;
  /** Order of equal scores; absent since passages were added. */
  #tie: TieOrder | undefined;

  /**
   * Makes an empty index.
   *
   * @param options Precision, and how to score again.
   * @throws {RangeError} If what is found can't be scored better so.
   */
  constructor(options: QuantisedIndexOptions) {
    const { precision, ranges } = options;
    this.#options = options;
    const { rescore, rescoreBy } = checkRescoring(options);
    this.#precision = precision;
    this.#rescore = rescore;
    this.#also = rescoreBy === precision ? undefined : rescoreBy;
    this.#ranges = ranges;
    this.#store = STORES[precision](options);
    if (rescore === 0) return;
    this.#finer = this.#also ? STORES[this.#also]({}) : this.#store;
  }

  /** Number of passages. */
  get size(): number {
    return this.#ids.length;
  }

  /** Bytes of a passage's vectors, those by which it is scored again included. */
  get bytesPerVector(): number {
    const dimension = this.#dimension ?? 0;
    return bytesPerVector(dimension, this.#precision) +
      (this.#also ? bytesPerVector(dimension, this.#also) : 0);
  }

  /**
   * Adds passages.
   *
   * @param passages Vectors with ids: whole ones, or such as the index keeps.
   * @throws {RangeError} If a value isn't finite, the dimension or the precision
   * is another than the index's, or an id appears twice.
   */
  add(passages: EmbeddedTexts | QuantisedTexts): void {
    const whole = "embeddings" in passages;
    const vectors = whole ? passages.embeddings : passages.vectors;
    if (whole) checkEmbeddings("passage", passages);
    else this.#checkQuantised(passages.vectors);
    this.#dimension ??= vectors.dimension;
    if (vectors.dimension !== this.#dimension) {
      throw cannotAdd(
        `passages must have its dimension, ${this.#dimension}: got ${vectors.dimension}`,
      );
    }
    checkDistinct("passage", passages.ids, this.#seen);
    for (const id of passages.ids) this.#ids.push(id);
    this.#tie = undefined;
    if (!whole) this.#store.add(passages.vectors);
    else if (vectors.count > 0) this.#addWhole(passages.embeddings);
  }

  #addWhole(embeddings: Embeddings): void {
    this.#held.push(embeddings);
    const steps = [this.#precision, this.#also].includes("int8");
    if (!steps || this.#ranges || this.size >= CALIBRATION) this.#settle();
  }

  /** Makes the vectors smaller that waited for ranges. */
  #settle(): void {
    const kept = (embeddings: Embeddings, precision: SearchPrecision) => {
      if (precision === "int8") this.#ranges ??= quantisationRanges(this.#held);
      return quantise(embeddings, { precision, ranges: this.#ranges });
    };
    for (const embeddings of this.#held) {
      this.#store.add(kept(embeddings, this.#precision));
      if (this.#also) this.#finer!.add(kept(embeddings, this.#also));
    }
    this.#held = [];
  }

  /** Throws at vectors that say less than the index wants to know. */
  #checkQuantised({ precision }: QuantisedVectors): void {
    const needed = this.#also ? "float32" : this.#precision;
    if (precision === needed) return;
    throw cannotAdd(
      `passages must be ${needed}, as they are searched by ${this.#precision}${
        this.#also ? ` and scored again by ${this.#also}` : ""
      }: got ${precision}`,
    );
  }

  /**
   * Searches.
   *
   * @param queries Query vectors with ids.
   * @param k How many to keep for each.
   * @param options What stops it.
   * @returns The run.
   * @throws {RangeError} If k < 1, the dimensions differ, or a value isn't finite.
   */
  async search(
    queries: EmbeddedTexts,
    k: number,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Run> {
    checkK(k);
    checkEmbeddings("query", queries);
    const { dimension, count } = queries.embeddings;
    if (this.size > 0 && count > 0 && dimension !== this.#dimension) {
      throw new RangeError(
        `Cannot search: passages must have the dimension of the queries, ${dimension}: got ${this.#dimension}`,
      );
    }
    this.#settle();
    const order = this.#precision === "binary" ? rankedTies : largerIdFirst;
    const tie = this.#tie ??= order(this.#ids);
    const found = await this.#store.search(queries.embeddings, {
      k: k * Math.max(1, this.#rescore),
      tie,
      signal,
    });
    const heaps = this.#finer
      ? found.map((heap, q) => this.#again(heap, queries.embeddings, { q, k }))
      : found;
    return rankedRun(heaps, { queries: queries.ids, passages: this.#ids });
  }

  /** The k best of what was found for a query, by their finer vectors. */
  #again(
    found: RankedHeap,
    { data, dimension }: Embeddings,
    { q, k }: { q: number; k: number },
  ): RankedHeap {
    const rows = found.rows();
    const query = data.subarray(q * dimension, (q + 1) * dimension);
    const scores = scoreDecoded(query, this.#finer!.decode(rows));
    const best = new RankedHeap(k, this.#tie!);
    rows.forEach((row, i) => best.offer(scores[i]!, row));
    return best;
  }

  /** Frees what was prepared; the index is empty then. */
  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
    this.#finer?.[Symbol.dispose]();
    this.#ids = [];
    this.#held = [];
    this.#seen.clear();
    this.#dimension = undefined;
    this.#tie = undefined;
    this.#ranges = this.#options.ranges;
  }
}

function cannotAdd(why: string): RangeError {
  return new RangeError(`Cannot add to the index: ${why}`);
}
