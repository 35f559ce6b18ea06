import { compareCodePoints } from "../../base/compare_code_points.ts";
import type { Passage, Query, Run } from "../../data/types.ts";
import { earlierRow, RankedHeap, type TieOrder } from "../exact/ranked_heap.ts";
import { checkK } from "../exact/check_search.ts";
import { type TokenizeFunction, tokenizeWords } from "./tokenize_words.ts";
import type { RankedRows } from "../exact/top_k.ts";
import { passageText } from "../../base/texts/passage_text.ts";

/** Options for {@linkcode Bm25}. */
export interface Bm25Options {
  /** How soon repeats of a term stop adding to the score, ≥ 0. @default {0.9} */
  k1?: number;
  /** How much longer passages are discounted, in [0, 1]. @default {0.4} */
  b?: number;
  /** Cuts passages and queries into tokens. @default {tokenizeWords} */
  tokenize?: TokenizeFunction;
}

/**
 * An index for lexical search by BM25, in the form that Lucene uses:
 * `Σ ln(1 + (N - df + 0.5) / (df + 0.5)) · tf / (tf + k1 (1 - b + b · dl / avgdl))`
 * over the query's tokens, repeated ones each time. Passages are indexed as
 * title, blank, text, trimmed. Lucene itself rounds lengths to one byte, so
 * its scores differ a little.
 *
 * @example Usage
 * ```ts
 * import { Bm25 } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const index = new Bm25([
 *   { id: "a", text: "The harbor lighthouse" },
 *   { id: "b", text: "A copper mine in the valley" },
 * ]);
 * const run = index.run([{ id: "q", text: "who built the lighthouse" }], 1);
 * assert.deepEqual([...run.get("q")!.keys()], ["a"]);
 * ```
 */
export class Bm25 {
  /** Ids of the passages, by row. */
  readonly ids: readonly string[];
  #tokenize: TokenizeFunction;
  #terms: Map<string, number>;
  /** Postings of term t are those from `#start[t]` to `#start[t + 1]`. */
  #start: Int32Array;
  #rows: Int32Array;
  #weights: Float64Array;
  /** Score by row; all 0 between two searches. */
  #scores: Float64Array;
  /** Id → row; made when it is first asked for. */
  #rowOf: Map<string, number> | undefined;

  /**
   * Indexes the passages.
   *
   * @param passages What to search; the row of a passage is its place here.
   * @param options Parameters of the formula, and the tokeniser.
   * @throws {RangeError} If k1 or b is out of range.
   */
  constructor(passages: Iterable<Passage>, options: Bm25Options = {}) {
    const { k1 = 0.9, b = 0.4, tokenize = tokenizeWords } = options;
    if (!(k1 >= 0 && k1 < Infinity)) {
      throw new RangeError(
        `Cannot index passages: k1 must be finite and at least 0: got ${k1}`,
      );
    }
    if (!(b >= 0 && b <= 1)) {
      throw new RangeError(
        `Cannot index passages: b must be from 0 to 1: got ${b}`,
      );
    }
    const ids: string[] = [];
    const terms = new Map<string, number>();
    const df: number[] = [];
    const last: number[] = []; // the last row that has the term
    const texts: Int32Array[] = []; // term numbers by row
    let tokens = 0;
    for (const passage of passages) {
      const row = ids.push(passage.id) - 1;
      const text = Int32Array.from(tokenize(passageText(passage)), (token) => {
        let term = terms.get(token);
        if (term === undefined) {
          term = df.push(0) - 1;
          last.push(-1);
          terms.set(token, term);
        }
        if (last[term] !== row) {
          last[term] = row;
          df[term]!++;
        }
        return term;
      });
      texts.push(text);
      tokens += text.length;
    }

    const start = new Int32Array(df.length + 1);
    df.forEach((count, t) => start[t + 1] = start[t]! + count);
    const next = start.slice(0, -1);
    const rows = new Int32Array(start[df.length]!);
    const weights = new Float64Array(rows.length); // tf at first
    texts.forEach((text, row) => {
      for (const term of text) {
        // Rows come in order, so this row's posting is the term's last one.
        const slot = next[term]!;
        if (slot > start[term]! && rows[slot - 1] === row) {
          weights[slot - 1]!++;
        } else {
          rows[slot] = row;
          weights[slot] = 1;
          next[term] = slot + 1;
        }
      }
    });
    const mean = tokens / ids.length;
    for (let t = 0; t < df.length; t++) {
      const idf = Math.log(1 + (ids.length - df[t]! + 0.5) / (df[t]! + 0.5));
      for (let i = start[t]!; i < start[t + 1]!; i++) {
        const tf = weights[i]!;
        const length = texts[rows[i]!]!.length / mean;
        weights[i] = idf * tf / (tf + k1 * (1 - b + b * length));
      }
    }
    this.ids = ids;
    this.#tokenize = tokenize;
    this.#terms = terms;
    this.#start = start;
    this.#rows = rows;
    this.#weights = weights;
    this.#scores = new Float64Array(ids.length);
  }

  /**
   * Finds the k best rows for a text. Rows that share no token with it are
   * never found, so there may be fewer than k, or none.
   *
   * @param text The request.
   * @param k How many to find, an integer ≥ 1.
   * @returns Rows with their scores (summed in float64, rounded to float32);
   * at equal scores the earlier row first.
   * @throws {RangeError} If k < 1.
   */
  search(text: string, k: number): RankedRows {
    const { rows, scores } = this.#best(text, k, earlierRow);
    return { rows, scores: Float32Array.from(scores) };
  }

  /**
   * Finds the k best passages for each query, as {@linkcode exactSearch} would:
   * at equal scores the larger id first. It fits as a `RetrieveFunction`.
   *
   * @param queries What to search for.
   * @param k How many to find for each, an integer ≥ 1.
   * @returns The run; a query without a known token has an empty map.
   * @throws {RangeError} If k < 1.
   */
  run(queries: readonly Query[], k: number): Run {
    const largerId: TieOrder = (a, b) =>
      compareCodePoints(this.ids[b]!, this.ids[a]!);
    return new Map(queries.map((query) => {
      const { rows, scores } = this.#best(query.text, k, largerId);
      const list = new Map<string, number>();
      rows.forEach((row, i) => list.set(this.ids[row]!, scores[i]!));
      return [query.id, list];
    }));
  }

  /**
   * Scores given passages as {@linkcode Bm25.run} does, wherever they would
   * rank. It fits as a `ScoreFunction`.
   *
   * @param queries The queries.
   * @param passages Query id → ids of passages to score; a query may be missing.
   * @returns Query id → passage id → score; a passage that shares no token with
   * the query is left out, as a search never finds it.
   * @throws {RangeError} If a passage isn't indexed.
   */
  score(
    queries: readonly Query[],
    passages: ReadonlyMap<string, readonly string[]>,
  ): Run {
    return new Map(queries.map(({ id, text }) => {
      const terms = this.#termsOf(text);
      const scores = new Map<string, number>();
      for (const passage of passages.get(id) ?? []) {
        const score = this.#scoreOf(this.#row(passage, id), terms);
        if (score > 0) scores.set(passage, score);
      }
      return [id, scores];
    }));
  }

  #row(passage: string, query: string): number {
    this.#rowOf ??= new Map(this.ids.map((id, row) => [id, row]));
    const row = this.#rowOf.get(passage);
    if (row !== undefined) return row;
    throw new RangeError(
      `Cannot score query "${query}": its passages must be indexed: got "${passage}"`,
    );
  }

  /** Known terms of a text, repeated ones each time. */
  #termsOf(text: string): number[] {
    return [...this.#tokenize(text)].flatMap((token) =>
      this.#terms.get(token) ?? []
    );
  }

  /** Sums in the order of a search, so that not even the last bit differs. */
  #scoreOf(row: number, terms: readonly number[]): number {
    let sum = 0;
    for (const term of terms) sum += this.#weight(term, row);
    return Math.fround(sum);
  }

  /** What a term adds to a row's score: its postings are sorted by row. */
  #weight(term: number, row: number): number {
    let low = this.#start[term]!;
    const end = this.#start[term + 1]!;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rows[middle]! < row) low = middle + 1;
      else high = middle;
    }
    return low < end && this.#rows[low] === row ? this.#weights[low]! : 0;
  }

  #best(text: string, k: number, tie: TieOrder) {
    checkK(k);
    const scores = this.#scores;
    const found: number[] = [];
    for (const term of this.#termsOf(text)) {
      const end = this.#start[term + 1]!;
      for (let i = this.#start[term]!; i < end; i++) {
        const row = this.#rows[i]!;
        const before = scores[row]!;
        if (before === 0) found.push(row);
        scores[row] = before + this.#weights[i]!;
      }
    }
    const heap = new RankedHeap(k, tie);
    for (const row of found) {
      const score = Math.fround(scores[row]!);
      scores[row] = 0;
      if (score >= heap.bar) heap.offer(score, row);
    }
    return heap.ranked();
  }
}
