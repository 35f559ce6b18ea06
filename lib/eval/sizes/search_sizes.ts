import type { Run } from "../../data/types.ts";
import {
  type EmbeddedTexts,
  QuantisedIndex,
  type SearchKernels,
  truncate,
} from "../../search/mod.ts";
import { type SizeCell, sizeCells, type SizesOptions } from "./vector_size.ts";

/** A task's texts, encoded once for all sizes. */
export interface EncodedTask {
  /** The queries. */
  queries: EmbeddedTexts;
  /** The corpus, in chunks. */
  passages: readonly EmbeddedTexts[];
}

/** Options of {@linkcode searchSizes}. */
export interface SearchSizesOptions extends SearchKernels {
  /** Passages retrieved for each query. */
  k: number;
  /** Which sizes. */
  sizes: SizesOptions;
  /** Stops the search at the next block. */
  signal?: AbortSignal | undefined;
}

/**
 * Searches a task's passages by vectors of each size, whole ones first.
 *
 * @param task The vectors.
 * @param options Sizes and depth.
 * @yields Each size and the run that it gives.
 */
export async function* searchSizes(
  { queries, passages }: EncodedTask,
  { k, sizes, signal, prepare, prepareSteps, hamming }: SearchSizesOptions,
): AsyncGenerator<[SizeCell, Run]> {
  const cut = (texts: EmbeddedTexts, dim: number) => ({
    ids: texts.ids,
    embeddings: truncate(texts.embeddings, dim, {
      normalize: sizes.normalize,
    }),
  });
  let now = { dim: 0, queries, passages };
  for (const cell of sizeCells(queries.embeddings.dimension, sizes)) {
    const { dim, ...rescoring } = cell;
    if (now.dim !== dim) {
      now = {
        dim,
        queries: cut(queries, dim),
        passages: passages.map((chunk) => cut(chunk, dim)),
      };
    }
    using index = new QuantisedIndex({
      ...rescoring,
      prepare,
      prepareSteps,
      hamming,
    });
    for (const chunk of now.passages) index.add(chunk);
    yield [cell, await index.search(now.queries, k, { signal })];
  }
}
