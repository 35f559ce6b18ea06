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
export {
  bertConfig,
  decoderConfig,
  parseConfig,
  type ParseConfigOptions,
  readConfig,
  writeConfig,
  type WriteConfigOptions,
} from "./config/config.ts";
export type {
  BertConfig,
  BertSizes,
  CommonConfig,
  DebertaConfig,
  DecoderConfig,
  DistilbertConfig,
  JinaBertConfig,
  ModelConfig,
  ModernBertConfig,
  MpnetConfig,
  NarrowBertConfig,
  RobertaConfig,
  RopeConfig,
  RotaryBertConfig,
  T5Config,
} from "./config/model_config.ts";
export {
  type EncodedWindow,
  encodeFunction,
  encodeTexts,
  type EncodeTextsOptions,
  encodeWindows,
  type LengthLimits,
  modelPrompt,
  type Towers,
} from "./encode/encode_texts.ts";
export {
  mergeVectorFiles,
  textPart,
  type TextPartOptions,
} from "./encode/vector_file_parts.ts";
export {
  type EncodedFile,
  encodeToFile,
  type EncodeToFileOptions,
} from "./encode/encode_to_file.ts";
export { vectorFileHeader } from "./encode/vector_file.ts";
export {
  cloneEncoder,
  createEncoder,
  type CreateEncoderOptions,
  disposeEncoder,
  embed,
  embeddingSize,
  type EmbedOptions,
  type Encoder,
  hiddenStates,
  type HiddenStatesOptions,
  lengthLimit,
  tokenize,
} from "./encode/encoder.ts";
export { lengthLine, type LengthReasons } from "./encode/length_line.ts";
export {
  type ModelLengths,
  type TextLimits,
  textLimits,
} from "./encode/text_limits.ts";
export type { Dropout } from "./encode/dropout.ts";
export type { TokenPosition } from "./encode/token_selection.ts";
export type { ForwardOptions, Parameters } from "./encode/layers.ts";
export {
  type ModelSource,
  pullModel,
  type PullModelOptions,
  type PullProgress,
} from "./hub/pull_model.ts";
export {
  type PushedFile,
  type PushedModel,
  pushModel,
  type PushModelOptions,
} from "./hub/push_model.ts";
export {
  type ExportedOnnx,
  exportOnnx,
  type ExportOnnxOptions,
} from "./onnx/export_onnx.ts";
export { addLora, type AddLoraOptions } from "./lora/add_lora.ts";
export { loadLora } from "./lora/load_lora.ts";
export { type LoraConfig, loraConfig } from "./lora/lora_config.ts";
export { mergeLora } from "./lora/merge_lora.ts";
export { saveLora } from "./lora/save_lora.ts";
export { mergeEncoders, type MergeEncodersOptions } from "./merge_encoders.ts";
export { loadEncoder, type LoadEncoderOptions } from "./load_encoder.ts";
export { chooseLayers } from "./derive/choose_layers.ts";
export { addDense, type AddDenseOptions } from "./derive/add_dense.ts";
export { disposeTowers, loadTowers } from "./load_towers.ts";
export { saveTowers, type SaveTowersOptions } from "./save_towers.ts";
export { hasTwoTowers } from "./config/module_list.ts";
export { notedPassageModel, type Side } from "./config/router.ts";
export { type ModelParts, modelParts } from "./config/model_parts.ts";
export { type ModelInfo, modelInfo } from "./config/model_info.ts";
export { readModules } from "./config/read_modules.ts";
export {
  type ModuleFolders,
  writeModules,
  type WriteModulesOptions,
} from "./config/write_modules.ts";
export {
  type DenseModule,
  type DropoutModule,
  type LayerAverage,
  type LayerMix,
  type LayerNormModule,
  type ModuleMap,
  type ModulesConfig,
  type NormalizeModule,
  type Pooling,
  poolings,
} from "./config/modules.ts";
export { layerMix } from "./encode/layer_mix.ts";
export {
  checkModel,
  type CheckModelOptions,
  type ModelCheck,
} from "./parity/check_model.ts";
export { PARITY_TEXTS } from "./parity/parity_texts.ts";
export {
  makeModelReference,
  type MakeModelReferenceOptions,
  type ModelReference,
  readModelReference,
} from "./parity/reference.ts";
export {
  activated,
  type CrossEncoder,
  disposeCrossEncoder,
  loadCrossEncoder,
  scorePairs,
  type ScorePairsOptions,
} from "./rerank/cross_encoder.ts";
export type { HeadActivation, ScoreHead } from "./rerank/score_head.ts";
export { pool } from "./encode/pooling.ts";
export { saveEncoder, type SaveEncoderOptions } from "./save_encoder.ts";
export {
  type NamedTensor,
  openSafetensors,
  openWeights,
  type SafetensorsDtype,
  type TensorInfo,
  type Weights,
  writeSafetensors,
  type WriteSafetensorsOptions,
  writeWeights,
  type WriteWeightsOptions,
} from "./weights/safetensors.ts";
export {
  joinTexts,
  packTexts,
  padBatch,
  type PadBatchOptions,
  type PaddedBatch,
  type TokenBatch,
  unpad,
} from "./tokenizer/token_batch.ts";
export {
  type AddedTokenJson,
  createTokenizer,
  loadTokenizer,
  type TokenizeOptions,
  type Tokenizer,
  type TokenizerJson,
  type TokenizerPart,
} from "./tokenizer/tokenizer.ts";
export {
  trainTokenizer,
  type TrainTokenizerOptions,
} from "./tokenizer/train_tokenizer.ts";
export type { Embeddings, EncodeFunction, EncodeOptions } from "./types.ts";
export type { RandomSource } from "../base/random_source.ts";
export {
  type EmbedUnit,
  EncoderLead,
  encoderLead,
} from "./workers/lead_encoders.ts";
export {
  encoderHandlers,
  type EncoderShelf,
} from "./workers/follow_encoders.ts";
export { joinedFloats } from "./workers/embed_units.ts";
