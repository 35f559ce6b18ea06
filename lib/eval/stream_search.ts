import type { Passage, Query, Run } from "../data/types.ts";
import type { EncodeFunction } from "../model/types.ts";
import type { ExactSearchOptions } from "../search/exact/top_k.ts";
import {
  type EmbeddedTexts,
  embedPassages,
  exactSearch,
} from "../search/mod.ts";

/** Options of {@linkcode streamSearch}. */
export interface StreamSearchOptions
  extends Pick<ExactSearchOptions, "k" | "multiply" | "prepare" | "dtype"> {
  /** Passages encoded, and held in memory, at a time. @default {4096} */
  chunk?: number | undefined;
  /** Stops the work at the next batch. */
  signal?: AbortSignal | undefined;
  /** Called with the passages encoded so far. */
  onProgress?: ((passages: number) => void) | undefined;
}

/**
 * Encodes queries and a stream of passages, and searches exhaustively; of the
 * corpus, only the ids and one chunk are in memory.
 *
 * @param encode Turns texts into vectors.
 * @param texts Queries, their texts as the encoder gets them, and the passages.
 */
export async function streamSearch(
  encode: EncodeFunction,
  { queries, passages }: {
    queries: readonly Query[];
    passages: AsyncIterable<Passage>;
  },
  { chunk = 4096, signal, onProgress, ...search }: StreamSearchOptions,
): Promise<{ run: Run; passages: number }> {
  signal?.throwIfAborted();
  const embeddings = await encode(
    queries.map(({ text }) => text),
    { kind: "query", signal },
  );
  let count = 0;
  async function* embedded(): AsyncGenerator<EmbeddedTexts> {
    for await (const part of partsOf(passages, chunk)) {
      const before = count;
      yield* embedPassages(encode, part, {
        chunk,
        signal,
        onProgress: onProgress && ((done) => onProgress(before + done)),
      });
      count += part.length;
    }
  }
  const run = await exactSearch(
    { ids: queries.map(({ id }) => id), embeddings },
    embedded(),
    { ...search, signal },
  );
  return { run, passages: count };
}

/** A stream in pieces of the same length, but for the last. */
async function* partsOf<T>(
  stream: AsyncIterable<T>,
  size: number,
): AsyncGenerator<T[]> {
  let part: T[] = [];
  for await (const item of stream) {
    if (part.push(item) < size) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
