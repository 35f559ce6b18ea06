import type { Run } from "../../data/types.ts";
import { checkEmbeddings } from "./check_search.ts";
import { type Chunk, searchChunks } from "./search_chunks.ts";
import type { EmbeddedTexts } from "./exact_search.ts";
import { checkDistinct, largerIdFirst, rankedRun } from "./ranked_run.ts";
import { roundToBf16 } from "./round_to_bf16.ts";
import type { ExactSearchOptions } from "./top_k.ts";

/** Options for {@linkcode ExactIndex}. */
export type ExactIndexOptions = Pick<
  ExactSearchOptions,
  "prepare" | "multiply" | "dtype"
>;

/**
 * Passage vectors in memory, checked and prepared once, for {@linkcode
 * exactSearch} by many requests.
 *
 * @example Usage
 * ```ts
 * import { ExactIndex } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * using index = new ExactIndex();
 * index.add({
 *   ids: ["a", "b"],
 *   embeddings: { data: Float32Array.of(0, 1, 1, 0), count: 2, dimension: 2 },
 * });
 * const run = await index.search({
 *   ids: ["q"],
 *   embeddings: { data: Float32Array.of(1, 0), count: 1, dimension: 2 },
 * }, 1);
 * assert.deepEqual([...run.get("q")!], [["b", 1]]);
 * ```
 */
export class ExactIndex implements Disposable {
  #options: ExactIndexOptions;
  #chunks: Chunk[] = [];
  #ids: string[] = [];
  #seen = new Set<string>();

  /**
   * Makes an empty index.
   *
   * @param options How passages are prepared and scored.
   */
  constructor(options: ExactIndexOptions = {}) {
    this.#options = options;
  }

  /** Number of passages. */
  get size(): number {
    return this.#ids.length;
  }

  /**
   * Adds passages. Their vectors are kept as they are, not copied, unless they
   * have to be rounded.
   *
   * @param passages Vectors with ids.
   * @throws {RangeError} If a value isn't finite, the dimension is another than
   * before, or an id appears twice.
   */
  add(passages: EmbeddedTexts): void {
    checkEmbeddings("passage", passages);
    const { dtype, prepare } = this.#options;
    const { dimension } = passages.embeddings;
    const before = this.#chunks[0]?.embeddings.dimension ?? dimension;
    if (dimension !== before) {
      throw new RangeError(
        `Cannot add to the index: passages must have its dimension, ${before}: got ${dimension}`,
      );
    }
    checkDistinct("passage", passages.ids, this.#seen);
    for (const id of passages.ids) this.#ids.push(id);
    const embeddings = dtype === "bf16"
      ? roundToBf16(passages.embeddings)
      : passages.embeddings;
    this.#chunks.push({
      ids: passages.ids,
      embeddings,
      prepared: prepare && embeddings.count > 0 ? prepare(embeddings) : "none",
    });
  }

  /**
   * Searches; what {@linkcode exactSearch} would give.
   *
   * @param queries Query vectors with ids.
   * @param k How many to keep for each.
   * @returns The run.
   * @throws {RangeError} If k < 1, the dimensions differ, or a value isn't
   * finite.
   */
  async search(queries: EmbeddedTexts, k: number): Promise<Run> {
    const ids = this.#ids;
    const heaps = await searchChunks(
      queries,
      this.#chunks,
      {
        ...this.#options,
        k,
        tie: largerIdFirst(ids),
      },
    );
    return rankedRun(heaps, { queries: queries.ids, passages: ids });
  }

  /** Frees what was prepared; the index is empty then. */
  [Symbol.dispose](): void {
    for (const { prepared } of this.#chunks) {
      if (prepared && prepared !== "none") prepared.dispose();
    }
    this.#chunks = [];
    this.#ids = [];
    this.#seen.clear();
  }
}
