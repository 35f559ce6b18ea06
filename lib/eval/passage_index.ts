import type { Passage } from "../data/types.ts";
import type { EncodeFunction } from "../model/types.ts";
import {
  checkRescoring,
  type EmbedPassagesOptions,
  QuantisedIndex,
  type SearchKernels,
  type SmallSearch,
} from "../search/mod.ts";
import {
  type EmbeddingCache,
  passageVectors,
  smallPassageVectors,
} from "./passage_vectors.ts";

/** Options of {@linkcode passageIndex}. */
export interface PassageIndexOptions
  extends SmallSearch, SearchKernels, Omit<EmbedPassagesOptions, "shard"> {
  /** Where vectors are kept. */
  cache?: EmbeddingCache | undefined;
}

/**
 * Passages encoded, or taken from the cache, and made smaller to be searched. Whole
 * vectors are in memory, and in the cache, only where what is found is scored by
 * other vectors than it was found by.
 *
 * @param encode Turns texts into vectors.
 * @param task The corpus, and a name for its file.
 * @param options Precision, and where vectors are kept.
 * @returns The index; the caller disposes of it.
 */
export async function passageIndex(
  encode: EncodeFunction,
  task: { name: string; corpus: readonly Passage[] },
  { prepare, prepareSteps, hamming, ...options }: PassageIndexOptions,
): Promise<QuantisedIndex> {
  const rescoring = checkRescoring(options);
  const { precision, rescoreBy = precision } = rescoring;
  const index = new QuantisedIndex({
    ...rescoring,
    prepare,
    prepareSteps,
    hamming,
  });
  const vectors = rescoreBy === precision && precision !== "float32"
    ? smallPassageVectors(encode, task, { ...options, precision })
    : passageVectors(encode, task, options);
  try {
    for await (const chunk of vectors) index.add(chunk);
    return index;
  } catch (error) {
    index[Symbol.dispose]();
    throw error;
  }
}
