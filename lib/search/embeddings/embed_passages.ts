import type { Passage } from "../../data/types.ts";
import type { EncodeFunction } from "../../model/types.ts";
import type { EmbeddedTexts } from "../exact/exact_search.ts";
import { type Shard, shardRange } from "../exact/shards.ts";
import { passageText } from "../../base/texts/passage_text.ts";

/**
 * Passages encoded at a time. A text's vector depends in its last bits on the texts
 * encoded along with it, so that this is part of what vectors depend on.
 */
export const PASSAGES_AT_ONCE = 4096;

/** Options for {@linkcode embedPassages}. */
export interface EmbedPassagesOptions {
  /** Passages encoded, and held in memory, at a time. @default {4096} */
  chunk?: number;
  /** Takes only one part of the passages. @default all */
  shard?: Shard;
  /** Stops the work at the next batch. */
  signal?: AbortSignal;
  /** Called with the number of passages encoded so far. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Encodes a corpus chunk by chunk, for {@linkcode exactSearch}. The encoder
 * gets title, blank and text, trimmed (spec section 16).
 *
 * @param encode Turns texts into vectors.
 * @param passages What to encode.
 * @param options Size of the chunks.
 * @returns The chunks in order; each is made when asked for.
 * @throws {RangeError} If `chunk` < 1, or the shard isn't one of its count.
 *
 * @example Usage
 * ```ts
 * import { embedPassages } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const lengths = (texts: readonly string[]) =>
 *   Promise.resolve({
 *     data: Float32Array.from(texts, (text) => text.length),
 *     count: texts.length,
 *     dimension: 1,
 *   });
 * const passages = [{ id: "a", text: "one" }, { id: "b", title: "t", text: "two" }];
 * for await (const chunk of embedPassages(lengths, passages)) {
 *   assert.deepEqual(chunk.ids, ["a", "b"]);
 *   assert.deepEqual([...chunk.embeddings.data], [3, 5]);
 * }
 * ```
 */
export async function* embedPassages(
  encode: EncodeFunction,
  passages: readonly Passage[],
  options: EmbedPassagesOptions = {},
): AsyncGenerator<EmbeddedTexts> {
  const { chunk = PASSAGES_AT_ONCE, signal, onProgress } = options;
  if (!Number.isInteger(chunk) || chunk < 1) {
    throw new RangeError(
      `Cannot embed passages: chunk must be an integer of at least 1: got ${chunk}`,
    );
  }
  const [first, end] = shardRange(
    passages.length,
    options.shard ?? { index: 0, count: 1 },
    { chunk },
  );
  for (let start = first; start < end; start += chunk) {
    signal?.throwIfAborted();
    const part = passages.slice(start, Math.min(start + chunk, end));
    const embeddings = await encode(
      part.map((passage) => passageText(passage).trim()),
      {
        kind: "passage",
        signal,
        onProgress: onProgress &&
          ((done) => onProgress(start - first + done, end - first)),
      },
    );
    yield { ids: part.map((passage) => passage.id), embeddings };
  }
}
