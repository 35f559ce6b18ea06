import { modelFolder } from "../base/files/model_folder.ts";
import { hasTwoTowers } from "./config/module_list.ts";
import { disposeEncoder, embeddingSize } from "./encode/encoder.ts";
import type { Towers } from "./encode/encode_texts.ts";
import { loadEncoder } from "./load_encoder.ts";

/**
 * Loads a model for retrieval: one encoder for all texts, or, from a Router of
 * sentence-transformers, one for queries and another for passages.
 *
 * @param path Its folder, a file in it, or a run with one model.
 * @returns Both encoders, which may be one; free them with
 * {@linkcode disposeTowers}.
 * @throws {RangeError} If the vectors of the two have different lengths; and as
 * `loadEncoder()`.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, disposeTowers, loadTowers, saveEncoder,
 *   trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const folder = await Deno.makeTempDir();
 * await saveEncoder(encoder, folder);
 * const towers = await loadTowers(folder);
 * assert.equal(towers.query, towers.passage); // one model for both
 * disposeTowers(towers);
 * ```
 */
export async function loadTowers(path: string): Promise<Towers> {
  const folder = await modelFolder(path);
  if (!await hasTwoTowers(folder)) {
    const encoder = await loadEncoder(path);
    return { query: encoder, passage: encoder };
  }
  const query = await loadEncoder(folder, { side: "query" });
  try {
    const passage = await loadEncoder(folder, { side: "passage" });
    const [a, b] = [embeddingSize(query), embeddingSize(passage)];
    if (a === b) return { query, passage };
    disposeEncoder(passage);
    throw new RangeError(
      `Cannot load ${folder}: vectors of queries and passages must have one length: got ${a} and ${b}`,
    );
  } catch (error) {
    disposeEncoder(query);
    throw error;
  }
}

/** Frees the parameters of both encoders; they can't be used afterwards. */
export function disposeTowers({ query, passage }: Towers): void {
  disposeEncoder(query);
  if (passage !== query) disposeEncoder(passage);
}
