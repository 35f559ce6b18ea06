import type { Embeddings } from "../model/types.ts";
import { innerProducts } from "./_inner_products.ts";
import { RankedHeap, type TieOrder } from "./_ranked_heap.ts";
import type { ExactSearchOptions } from "./top_k.ts";

/** A part of the corpus and, if they have any, the ids of its rows. */
export interface Chunk {
  embeddings: Embeddings;
  ids?: readonly string[];
}

// One score tile of the JavaScript loops: 64 × 1,024 float32 are 256 KiB.
const OWN_TILE = { queries: 64, passages: 1024 };
// A multiply function pays for each call: 1,024 × 8,192 float32 are 32 MiB.
const GIVEN_TILE = { queries: 1024, passages: 8192 };

/** Scores all queries against all chunks; a heap of the k best for each query. */
export async function searchChunks(
  queries: Chunk,
  chunks: Iterable<Chunk> | AsyncIterable<Chunk>,
  tie: TieOrder,
  options: ExactSearchOptions,
): Promise<RankedHeap[]> {
  const { k, multiply, signal, onProgress } = options;
  checkK(k);
  checkEmbeddings("query", queries);
  const { data, count, dimension } = queries.embeddings;
  const heaps = Array.from({ length: count }, () => new RankedHeap(k, tie));
  const size = multiply ? GIVEN_TILE : OWN_TILE;
  const scratch = multiply
    ? undefined
    : new Float32Array(size.queries * size.passages);
  let firstRow = 0;
  let rested = performance.now();
  for await (const chunk of chunks) {
    checkEmbeddings("passage", chunk);
    const part = chunk.embeddings;
    if (part.count > 0 && part.dimension !== dimension) {
      throw new RangeError(
        `Cannot search: passages must have the dimension of the queries, ${dimension}: got ${part.dimension}`,
      );
    }
    for (let p = 0; p < part.count; p += size.passages) {
      const passages = rows(part, p, size.passages);
      for (let q = 0; q < count; q += size.queries) {
        signal?.throwIfAborted();
        const block = rows({ data, count, dimension }, q, size.queries);
        let scores: Float32Array = scratch!; // [Q', P']
        if (multiply) {
          scores = await multiply(block, passages);
          const wanted = block.count * passages.count;
          if (scores.length !== wanted) {
            throw new RangeError(
              `Cannot search: multiply must return ${block.count} × ${passages.count} scores: got ${scores.length}`,
            );
          }
        } else {
          innerProducts(
            block.data,
            block.count,
            passages.data,
            passages.count,
            dimension,
            scores,
          );
        }
        for (let i = 0; i < block.count; i++) {
          const heap = heaps[q + i]!;
          let at = i * passages.count;
          for (let j = 0; j < passages.count; j++) {
            const score = scores[at++]!;
            if (score < heap.bar) continue;
            if (score !== score) {
              throw new RangeError(
                `Cannot search: the score of ${name("query", queries, q + i)}` +
                  ` and ${name("passage", chunk, p + j)} must be a number: ` +
                  `got NaN`,
              );
            }
            heap.offer(score, firstRow + p + j);
          }
        }
        // Lets timers, aborts and plots have their turn during long searches.
        if (performance.now() - rested > 100) {
          await new Promise((resolve) => setTimeout(resolve));
          rested = performance.now();
        }
      }
      onProgress?.(firstRow + p + passages.count);
    }
    firstRow += part.count;
  }
  return heaps;
}

/** A view of `count` rows from row `start` on, or what there is of them. */
function rows(all: Embeddings, start: number, count: number): Embeddings {
  const end = Math.min(start + count, all.count);
  return {
    data: all.data.subarray(start * all.dimension, end * all.dimension),
    count: end - start,
    dimension: all.dimension,
  };
}

/** Throws unless k can be a number of results. */
export function checkK(k: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new RangeError(
      `Cannot search: k must be an integer of at least 1: got ${k}`,
    );
  }
}

function name(kind: string, chunk: Chunk, row: number): string {
  const id = chunk.ids?.[row];
  return `${kind} row ${row}` + (id === undefined ? "" : ` (id "${id}")`);
}

function checkEmbeddings(kind: "query" | "passage", chunk: Chunk): void {
  const { data, count, dimension } = chunk.embeddings;
  if (data.length !== count * dimension) {
    throw new RangeError(
      `Cannot search: ${kind} embeddings of ${count} × ${dimension} must hold ${
        count * dimension
      } values: got ${data.length}`,
    );
  }
  if (chunk.ids && chunk.ids.length !== count) {
    throw new RangeError(
      `Cannot search: ${count} ${kind} embeddings must have as many ids: got ${chunk.ids.length}`,
    );
  }
  let sum = 0;
  // x - x is 0 for finite x and NaN otherwise: one test for all values.
  for (let i = 0; i < data.length; i++) sum += data[i]! - data[i]!;
  if (sum === 0) return;
  const at = data.findIndex((x) => !Number.isFinite(x));
  throw new RangeError(
    `Cannot search: the embedding of ${
      name(kind, chunk, Math.floor(at / dimension))
    } must be finite: got ${data[at]} at dimension ${at % dimension}`,
  );
}
