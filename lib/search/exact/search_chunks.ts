import type { Embeddings } from "../../model/types.ts";
import { checkEmbeddings, checkK, nameRow } from "./check_search.ts";
import { innerProducts } from "./inner_products.ts";
import { RankedHeap, type TieOrder } from "./ranked_heap.ts";
import { scoreRows } from "./score_rows.ts";
import { resting } from "../../base/resting.ts";
import { roundToBf16 } from "./round_to_bf16.ts";
import type { ExactSearchOptions, PreparedPassages } from "./top_k.ts";

/** A part of the corpus and, if they have any, the ids of its rows. */
export interface Chunk {
  embeddings: Embeddings;
  ids?: readonly string[];
  /** Set where the chunk was checked, and prepared, before. */
  prepared?: PreparedPassages | "none";
}

// One score tile of the JavaScript loops: 64 × 1,024 float32 are 256 KiB.
const OWN_TILE = { queries: 64, passages: 1024 };
// A multiply function pays for each call: 1,024 × 8,192 float32 are 32 MiB.
const GIVEN_TILE = { queries: 1024, passages: 8192 };

/** Queries whose candidates are scored before others have their turn. */
const PART = 256;

/** How to search, and how to order rows of equal score. */
export interface SearchChunksOptions extends ExactSearchOptions {
  tie: TieOrder;
}

/** Everything that the search of one chunk needs. */
interface Search {
  queries: Chunk;
  heaps: RankedHeap[];
  options: ExactSearchOptions;
  scratch?: Float32Array;
  /** Lets timers, aborts and plots have their turn during long searches. */
  rest(): Promise<void>;
}

/** Scores all queries against all chunks; a heap of the k best for each query. */
export async function searchChunks(
  queries: Chunk,
  chunks: Iterable<Chunk> | AsyncIterable<Chunk>,
  options: SearchChunksOptions,
): Promise<RankedHeap[]> {
  const { k, tie, dtype = "f32" } = options;
  checkK(k);
  checkEmbeddings("query", queries);
  const { count, dimension } = queries.embeddings;
  const search: Search = {
    queries: dtype === "bf16" ? rounded(queries) : queries,
    heaps: Array.from({ length: count }, () => new RankedHeap(k, tie)),
    options,
    rest: resting(options.signal),
  };
  let firstRow = 0;
  for await (const chunk of chunks) {
    if (!chunk.prepared) checkEmbeddings("passage", chunk);
    const part = chunk.embeddings;
    if (part.count > 0 && part.dimension !== dimension) {
      throw new RangeError(
        `Cannot search: passages must have the dimension of the queries, ${dimension}: got ${part.dimension}`,
      );
    }
    await searchChunk(
      search,
      dtype === "bf16" && !chunk.prepared ? rounded(chunk) : chunk,
      firstRow,
    );
    firstRow += part.count;
  }
  return search.heaps;
}

async function searchChunk(
  search: Search,
  chunk: Chunk,
  firstRow: number,
): Promise<void> {
  const { prepare, signal } = search.options;
  if (chunk.embeddings.count === 0) return;
  if (chunk.prepared ? chunk.prepared === "none" : !prepare) {
    return await scoreAll(search, chunk, firstRow);
  }
  signal?.throwIfAborted();
  const given = chunk.prepared as PreparedPassages | undefined;
  const prepared = given ?? prepare!(chunk.embeddings);
  try {
    await scoreCandidates(search, prepared, { chunk, firstRow });
  } finally {
    if (!given) prepared.dispose();
  }
  search.options.onProgress?.(firstRow + chunk.embeddings.count);
}

/** Scores what the prepared passages name as candidates. */
async function scoreCandidates(
  { queries, heaps, options, rest }: Search,
  prepared: PreparedPassages,
  { chunk, firstRow }: { chunk: Chunk; firstRow: number },
): Promise<void> {
  const { data, dimension } = queries.embeddings;
  const bars = Float64Array.from(heaps, (heap) => heap.bar);
  const candidates = await prepared.candidates(
    queries.embeddings,
    options.k,
    bars,
  );
  let scratch = new Float32Array(1024);
  let compiled: Float32Array[] | undefined;
  for (const [q, rows] of candidates.entries()) {
    if (q % PART === 0) {
      await rest();
      compiled = prepared.scores?.(
        rowsOf(queries.embeddings, q, PART),
        candidates.slice(q, q + PART),
      );
    }
    let scores = compiled?.[q % PART];
    if (!scores) {
      if (rows.length > scratch.length) scratch = new Float32Array(rows.length);
      scores = scratch;
      const query = data.subarray(q * dimension, (q + 1) * dimension);
      scoreRows(query, chunk.embeddings.data, rows, dimension, scores);
    }
    const heap = heaps[q]!;
    for (let i = 0; i < rows.length; i++) {
      const score = scores[i]!;
      const row = rows[i]!;
      if (score !== score) throw notANumber({ queries, q, chunk, row });
      if (score >= heap.bar) heap.offer(score, firstRow + row);
    }
  }
}

/** Scores every query with every passage of the chunk, tile by tile. */
async function scoreAll(
  search: Search,
  chunk: Chunk,
  firstRow: number,
): Promise<void> {
  const { queries, heaps, options: { multiply, onProgress }, rest } = search;
  const { count } = queries.embeddings;
  const part = chunk.embeddings;
  const size = multiply ? GIVEN_TILE : OWN_TILE;
  for (let p = 0; p < part.count; p += size.passages) {
    const passages = rowsOf(part, p, size.passages);
    for (let q = 0; q < count; q += size.queries) {
      await rest();
      const block = rowsOf(queries.embeddings, q, size.queries);
      const scores = await scoresOf(search, block, passages); // [Q', P']
      for (let i = 0; i < block.count; i++) {
        const heap = heaps[q + i]!;
        let at = i * passages.count;
        for (let j = 0; j < passages.count; j++) {
          const score = scores[at++]!;
          if (score < heap.bar) continue;
          if (score !== score) {
            throw notANumber({ queries, q: q + i, chunk, row: p + j });
          }
          heap.offer(score, firstRow + p + j);
        }
      }
    }
    onProgress?.(firstRow + p + passages.count);
  }
}

async function scoresOf(
  search: Search,
  queries: Embeddings,
  passages: Embeddings,
): Promise<Float32Array> {
  const { multiply } = search.options;
  if (multiply) {
    const scores = await multiply(queries, passages);
    if (scores.length !== queries.count * passages.count) {
      throw new RangeError(
        `Cannot search: multiply must return ${queries.count} × ${passages.count} scores: got ${scores.length}`,
      );
    }
    return scores;
  }
  search.scratch ??= new Float32Array(OWN_TILE.queries * OWN_TILE.passages);
  innerProducts(queries, passages, search.scratch);
  return search.scratch;
}

function notANumber(
  { queries, q, chunk, row }: {
    queries: Chunk;
    q: number;
    chunk: Chunk;
    row: number;
  },
): RangeError {
  return new RangeError(
    `Cannot search: the score of ${nameRow("query", queries, q)}` +
      ` and ${nameRow("passage", chunk, row)} must be a number: got NaN`,
  );
}

function rounded(chunk: Chunk): Chunk {
  return { ...chunk, embeddings: roundToBf16(chunk.embeddings) };
}

/** A view of `count` rows from row `start` on, or what there is of them. */
function rowsOf(all: Embeddings, start: number, count: number): Embeddings {
  const end = Math.min(start + count, all.count);
  return {
    data: all.data.subarray(start * all.dimension, end * all.dimension),
    count: end - start,
    dimension: all.dimension,
  };
}
