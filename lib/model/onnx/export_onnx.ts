import { join } from "node:path";
import { embeddingSize, type Encoder } from "../encode/encoder.ts";
import { saveAround, saveConfig } from "../save_encoder.ts";
import { encoderGraph } from "./encoder_graph.ts";
import {
  fitsInOneFile,
  OPSET,
  writeModel,
  type WrittenModel,
} from "./write_model.ts";
import { findQuantiser } from "./quantise_onnx.ts";

/** Where the others look for the model, and for the quantised one. */
const FOLDER = "onnx";
const MODEL = "model.onnx";
const QUANTISED = "model_quantized.onnx";

/** Options for {@linkcode exportOnnx}. */
export interface ExportOnnxOptions {
  /**
   * Whether the weights lie in files of their own, `model.onnx_data` and so on;
   * they must where the model has more than 2 GiB. @default {where they must}
   */
  externalData?: boolean | undefined;
  /** Most bytes of a file of such weights; a tensor is never split. @default {2e9} */
  maxDataBytes?: number | undefined;
  /**
   * Writes `model_quantized.onnx` too, by onnxruntime's `quantize_dynamic`: its
   * weights are whole numbers of 8 bits. @default {no}
   */
  quantise?: "int8" | undefined;
  /** Python with onnxruntime and onnx, which quantises. @default {TDRO_PYTHON, else "python3"} */
  python?: string | undefined;
  /** Stops the work. */
  signal?: AbortSignal | undefined;
}

/** What {@linkcode exportOnnx} wrote. */
export interface ExportedOnnx {
  /** The models, within the folder. */
  files: { path: string; bytes: number }[];
  /** Names of the inputs. */
  inputs: string[];
  /** Names of the outputs. */
  outputs: string[];
  /** Version of the set of operators. */
  opset: number;
  /** Length of the vectors. */
  dimension: number;
  /** Whether an adapter was merged into the weights. */
  merged: boolean;
  /** What another library doesn't take from the folder. */
  warnings: string[];
}

/**
 * Writes an encoder as a graph of ONNX, in a folder that onnxruntime,
 * transformers.js, optimum and sentence-transformers (`backend="onnx"`) load:
 * `onnx/model.onnx` beside the tokenizer and the modules. The graph has
 * `last_hidden_state`, and `sentence_embedding`: the vectors that
 * `encodeTexts()` gives. An adapter is merged; the encoder stays as it is.
 *
 * @param encoder What to write, of any family.
 * @param folder Folder; made if absent.
 * @param options Where the weights lie; a quantised variant.
 * @returns What was written.
 * @throws {RangeError} If `externalData` is false and the weights don't fit in
 * one file, or if Python can't quantise.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, disposeEncoder, exportOnnx,
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
 * const { files, inputs } = await exportOnnx(encoder, folder);
 * assert.equal(files[0]!.path, "onnx/model.onnx");
 * assert.deepEqual(inputs, ["input_ids", "attention_mask", "token_type_ids"]);
 * disposeEncoder(encoder);
 * ```
 */
export async function exportOnnx(
  encoder: Encoder,
  folder: string,
  { externalData, maxDataBytes = 2e9, quantise, python, signal }:
    ExportOnnxOptions = {},
): Promise<ExportedOnnx> {
  const graph = encoderGraph(encoder);
  const fits = fitsInOneFile(graph);
  const external = externalData ?? !fits;
  if (!external && !fits) {
    throw new RangeError(
      "Cannot export a model to ONNX: externalData must be true where the weights are more than 2 GiB: got false; leave it out",
    );
  }
  const quantiser = quantise && await findQuantiser({ python, signal });
  await saveAround(encoder, folder, "float32");
  const path = (name: string) => join(folder, FOLDER, name);
  const files = [
    await writeModel(path(MODEL), graph, external ? { maxDataBytes } : {}),
  ];
  if (quantiser) {
    const paths = { from: path(MODEL), to: path(QUANTISED) };
    files.push(await quantiser.quantise(paths, external));
  }
  await saveConfig(encoder, folder, {
    dtype: "float32",
    fields: external ? { "transformers.js_config": dataFiles(files) } : {},
  });
  return {
    files: files.map(({ name, bytes }) => ({
      path: `${FOLDER}/${name}`,
      bytes,
    })),
    inputs: graph.inputs.map(({ name }) => name),
    outputs: graph.outputs.map(({ name }) => name),
    opset: OPSET,
    dimension: embeddingSize(encoder),
    merged: encoder.lora !== undefined,
    warnings: warningsOf(encoder),
  };
}

function warningsOf({ config, modules }: Encoder): string[] {
  const warnings: string[] = [];
  if (modules.layerMix) {
    warnings.push(
      "sentence-transformers averages no layers of an ONNX model: take the graph's own sentence_embedding",
    );
  }
  if (config.modelType === "t5") {
    warnings.push(
      "transformers.js takes T5 for an encoder with a decoder: load it by PreTrainedModel instead of AutoModel",
    );
  }
  return warnings;
}

/** What transformers.js wants to know: how many files of weights each has. */
function dataFiles(files: readonly WrittenModel[]): Record<string, unknown> {
  return {
    use_external_data_format: Object.fromEntries(
      files.map(({ name, dataFiles }) => [name, dataFiles]),
    ),
  };
}
