import { createHash } from "node:crypto";
import type { Passage } from "../../data/types.ts";
import type { EncodeFunction } from "../../model/types.ts";
import { embedPassages, type EmbedPassagesOptions } from "./embed_passages.ts";
import { type EmbeddingFile, openEmbeddings } from "./open_embeddings.ts";
import { writeEmbeddings } from "./write_embeddings.ts";
import type { StoredDtype } from "./embedding_header.ts";
import { passageText } from "../../base/texts/passage_text.ts";

/** Options for {@linkcode cachedEmbeddings}. */
export interface CachedEmbeddingsOptions
  extends Omit<EmbedPassagesOptions, "shard"> {
  /**
   * Hash or revision of the model, with whatever else its vectors depend on
   * (length limit, prompts).
   */
  model: string;
  /** How values are stored. @default {"f32"} */
  dtype?: StoredDtype;
}

/**
 * Vectors of a corpus from a file: made and written if it isn't there, read if
 * it is. A file made by another model, from other passages, or in which values are
 * stored otherwise is refused, since its numbers would be wrong without a sign of it.
 *
 * @param path File of the vectors.
 * @param encode Turns texts into vectors.
 * @param passages The corpus, in order.
 * @param options The model's name in the file, and how to make it.
 * @returns The vectors on disk.
 * @throws {RangeError} If the file is there but made from something else, or stored
 * otherwise.
 *
 * @example Usage
 * ```ts
 * import { cachedEmbeddings } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * let calls = 0;
 * const encode = (texts: readonly string[]) => {
 *   calls++;
 *   const data = Float32Array.from(texts, (text) => text.length);
 *   return Promise.resolve({ data, count: texts.length, dimension: 1 });
 * };
 * const path = `${await Deno.makeTempDir()}/corpus.safetensors`;
 * const corpus = [{ id: "a", text: "one" }];
 * await cachedEmbeddings(path, encode, corpus, { model: "lengths@1" });
 * const file = await cachedEmbeddings(path, encode, corpus, { model: "lengths@1" });
 * assert.equal(file.count, 1);
 * assert.equal(calls, 1);
 * ```
 */
export async function cachedEmbeddings(
  path: string,
  encode: EncodeFunction,
  passages: readonly Passage[],
  { model, dtype = "f32", ...options }: CachedEmbeddingsOptions,
): Promise<EmbeddingFile> {
  const source = { model, data: hashPassages(passages) };
  try {
    return await openEmbeddings(path, { source, dtype });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await writeEmbeddings(
    path,
    passages.map(({ id }) => id),
    embedPassages(encode, passages, options),
    { source, dtype },
  );
  return await openEmbeddings(path, { source });
}

/**
 * A hash of passages: ids and texts as the encoder gets them, in order.
 *
 * @param passages The passages.
 * @returns `"sha256:"` and 64 hexadecimal digits.
 *
 * @example Usage
 * ```ts
 * import { hashPassages } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const a = hashPassages([{ id: "a", text: "one" }]);
 * assert.notEqual(a, hashPassages([{ id: "a", text: "two" }]));
 * ```
 */
export function hashPassages(passages: Iterable<Passage>): string {
  const hash = createHash("sha256");
  for (const passage of passages) {
    // JSON keeps apart what plain joining could run together.
    hash.update(JSON.stringify([passage.id, passageText(passage).trim()]));
  }
  return `sha256:${hash.digest("hex")}`;
}
