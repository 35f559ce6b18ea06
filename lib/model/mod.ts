/**
 * Models: Hugging Face folders in and out, tokenizers loaded or trained,
 * encoders that turn texts into vectors.
 *
 * @example A small encoder from scratch, saved and loaded
 * ```ts
 * import {
 *   bertConfig,
 *   createEncoder,
 *   createTokenizer,
 *   disposeEncoder,
 *   encodeTexts,
 *   loadEncoder,
 *   saveEncoder,
 *   trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const encoder = createEncoder(
 *   bertConfig({
 *     vocabSize: tokenizer.vocabSize,
 *     hiddenSize: 8,
 *     layers: 1,
 *     heads: 2,
 *     intermediateSize: 16,
 *   }),
 *   tokenizer,
 *   {
 *     rng: createRng(1, "model"),
 *     modules: { pooling: "mean", normalize: true, prompts: {} },
 *   },
 * );
 * const { data, dimension } = await encodeTexts(encoder, ["red", "blue"]);
 * assert.equal(data.length, 2 * dimension);
 *
 * const folder = await Deno.makeTempDir();
 * await saveEncoder(encoder, folder);
 * const again = await loadEncoder(folder);
 * assert.deepEqual((await encodeTexts(again, ["red", "blue"])).data, data);
 * disposeEncoder(encoder);
 * disposeEncoder(again);
 * ```
 *
 * @module
 */
export * from "./config/config.ts";
export * from "./encode/encode_texts.ts";
export * from "./encode/encode_to_file.ts";
export * from "./encode/encoder.ts";
export type { Dropout } from "./encode/dropout.ts";
export type { TokenPosition } from "./encode/token_selection.ts";
export type { ForwardOptions, Parameters } from "./encode/layers.ts";
export * from "./hub/pull_model.ts";
export { addLora, type AddLoraOptions } from "./lora/add_lora.ts";
export { loadLora } from "./lora/load_lora.ts";
export { type LoraConfig, loraConfig } from "./lora/lora_config.ts";
export { mergeLora } from "./lora/merge_lora.ts";
export { saveLora } from "./lora/save_lora.ts";
export * from "./load_encoder.ts";
export * from "./config/model_info.ts";
export * from "./config/modules.ts";
export * from "./parity/check_model.ts";
export * from "./parity/parity_texts.ts";
export * from "./parity/reference.ts";
export { pool } from "./encode/pooling.ts";
export * from "./save_encoder.ts";
export * from "./weights/safetensors.ts";
export * from "./tokenizer/token_batch.ts";
export * from "./tokenizer/tokenizer.ts";
export * from "./tokenizer/train_tokenizer.ts";
export * from "./types.ts";
