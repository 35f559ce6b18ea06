/**
 * From texts or vectors to a run: exact search by inner product, BM25, and
 * hard-negative mining on top. Nothing here needs a tensor backend.
 *
 * @example Search a small corpus
 * ```ts
 * import { Bm25 } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const index = new Bm25([
 *   { id: "a", text: "The harbor lighthouse" },
 *   { id: "b", text: "A copper mine in the valley" },
 * ]);
 * const { rows } = index.search("who built the lighthouse", 10);
 * assert.equal(index.ids[rows[0]!], "a");
 * ```
 *
 * @module
 */
export { applyDecisions } from "./mine/apply_decisions.ts";
export { auditNegatives, type AuditOptions } from "./mine/audit_negatives.ts";
export { bareQueries, type BareQueriesOptions } from "./mine/bare_queries.ts";
export { Bm25, type Bm25Options } from "./words/bm25.ts";
export {
  cachedEmbeddings,
  type CachedEmbeddingsOptions,
  hashPassages,
} from "./embeddings/cached_embeddings.ts";
export {
  type EmbeddingFile,
  openEmbeddings,
  type ReadChunksOptions,
} from "./embeddings/open_embeddings.ts";
export {
  type EmbeddingSource,
  writeEmbeddings,
  type WriteEmbeddingsOptions,
} from "./embeddings/write_embeddings.ts";
export type { StoredDtype } from "./embeddings/embedding_header.ts";
export {
  type Decision,
  type DecisionRow,
  type Decisions,
  decisionsOf,
  formatDecisions,
  parseDecisions,
} from "./mine/decisions.ts";
export {
  embedPassages,
  type EmbedPassagesOptions,
  PASSAGES_AT_ONCE,
} from "./embeddings/embed_passages.ts";
export { ExactIndex, type ExactIndexOptions } from "./exact/exact_index.ts";
export { type EmbeddedTexts, exactSearch } from "./exact/exact_search.ts";
export { type FuseOptions, fuseRuns } from "./fuse_runs.ts";
export {
  createLanceIndex,
  type CreateLanceOptions,
  LANCEDB_VERSION,
  type LanceIndex,
  type LanceOptions,
  type LanceSearchOptions,
  openLanceIndex,
} from "./lance/lance_index.ts";
export {
  openVectorDatabase,
  openVectorStore,
  type StoreName,
} from "./stores/open_vector_store.ts";
export type {
  OpenTableOptions,
  StoreSearchOptions,
  VectorDatabase,
  VectorStore,
} from "./stores/vector_store.ts";
export {
  findCandidates,
  MINE_BATCH,
  queriesToMine,
} from "./mine/find_candidates.ts";
export { mineHardNegatives } from "./mine/mine_hard_negatives.ts";
export type {
  FoundCandidates,
  MinedNegative,
  MinedNegatives,
  MinedQuery,
  MineOptions,
  MineStatistics,
} from "./mine/mine_options.ts";
export { pairScorer, type ScoreTexts } from "./mine/pair_scorer.ts";
export { previewNegatives, type PreviewRow } from "./mine/preview_negatives.ts";
export {
  bytesPerVector,
  SEARCH_PRECISIONS,
  type SearchPrecision,
  type VectorPrecision,
} from "./quantised/precision.ts";
export type { HammingFunction } from "./quantised/hamming.ts";
export type {
  PrepareStepsFunction,
  SteppedVectors,
} from "./quantised/quantised_store.ts";
export {
  dequantise,
  quantise,
  type QuantisedVectors,
  type QuantiseOptions,
} from "./quantised/quantise.ts";
export {
  quantisedChunks,
  type QuantisedChunksOptions,
} from "./quantised/quantised_chunks.ts";
export {
  QuantisedIndex,
  type QuantisedIndexOptions,
  type QuantisedTexts,
} from "./quantised/quantised_index.ts";
export {
  type QuantisationRanges,
  quantisationRanges,
} from "./quantised/ranges.ts";
export {
  checkRescoring,
  type Rescoring,
  type SmallSearch,
} from "./quantised/rescoring.ts";
export { truncate, type TruncateOptions } from "./quantised/truncate.ts";
export type { SearchKernels } from "./quantised/quantised_store.ts";
export { rankPassages } from "./exact/rank_passages.ts";
export {
  bm25Retriever,
  type DenseRetriever,
  denseRetriever,
  type DenseRetrieverOptions,
  fusedRetriever,
} from "./mine/retrievers.ts";
export { roundToBf16 } from "./exact/round_to_bf16.ts";
export {
  mergeShards,
  parseShard,
  type Shard,
  shardRange,
  type ShardRangeOptions,
} from "./exact/shards.ts";
export { tokenizeMultilingual } from "./words/tokenize_multilingual.ts";
export {
  type TokenizeFunction,
  tokenizeWords,
} from "./words/tokenize_words.ts";
export {
  type ExactSearchOptions,
  type MultiplyFunction,
  type PreparedPassages,
  type PrepareFunction,
  type RankedRows,
  topK,
} from "./exact/top_k.ts";
export type { RetrieveFunction, ScoreFunction } from "./types.ts";
export type { RandomSource } from "../base/random_source.ts";
