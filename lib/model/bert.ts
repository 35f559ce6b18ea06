import * as tf from "@tensorflow/tfjs-core";
import {
  add,
  attention,
  embedding,
  gelu,
  type KernelOptions,
  longest,
  relu,
  type Sequences,
  type Tensor2D,
} from "../backend/mod.ts";
import { type ForwardOptions, openLayers, type Parameters } from "./_layers.ts";
import type { BertConfig } from "./config.ts";
import type { TokenBatch } from "./token_batch.ts";

/** Name and shape of a parameter, and how it starts when there is no checkpoint. */
export interface ParameterSpec {
  /** Name in Hugging Face's files. */
  name: string;
  /** Shape. */
  shape: number[];
  /** `"normal"`: with the deviation that the configuration says; or a constant. */
  init: "normal" | "zeros" | "ones";
}

/** Every parameter of a BERT encoder that the embedding of a text depends on. */
export function bertParameters(config: BertConfig): ParameterSpec[] {
  const { hiddenSize: D, intermediateSize: F } = config;
  const norm = (name: string): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [D], init: "ones" },
    { name: `${name}.bias`, shape: [D], init: "zeros" },
  ];
  const dense = (name: string, out: number, into: number): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [out, into], init: "normal" },
    { name: `${name}.bias`, shape: [out], init: "zeros" },
  ];
  const table = (name: string, rows: number): ParameterSpec => ({
    name: `embeddings.${name}_embeddings.weight`,
    shape: [rows, D],
    init: "normal",
  });
  return [
    table("word", config.vocabSize),
    table("position", config.maxPositions),
    table("token_type", config.typeVocabSize),
    ...norm("embeddings.LayerNorm"),
    ...Array.from({ length: config.layers }, (_, i) => {
      const layer = `encoder.layer.${i}`;
      return [
        ...dense(`${layer}.attention.self.query`, D, D),
        ...dense(`${layer}.attention.self.key`, D, D),
        ...dense(`${layer}.attention.self.value`, D, D),
        ...dense(`${layer}.attention.output.dense`, D, D),
        ...norm(`${layer}.attention.output.LayerNorm`),
        ...dense(`${layer}.intermediate.dense`, F, D),
        ...dense(`${layer}.output.dense`, D, F),
        ...norm(`${layer}.output.LayerNorm`),
      ];
    }).flat(),
  ];
}

/**
 * BERT's forward pass: hidden states of packed texts. Differentiable by the
 * parameters.
 *
 * @param config Sizes of the model.
 * @param parameters Its parameters, all those of {@linkcode bertParameters}.
 * @param batch Token ids, shape `[T]`.
 * @param options Tape; a look at each layer.
 * @returns Hidden states of the last layer, shape `[T, D]`; the caller owns them.
 */
export function bertForward(
  config: BertConfig,
  parameters: Parameters,
  batch: TokenBatch,
  options: ForwardOptions = {},
): Tensor2D {
  const { hiddenSize: D, heads, layerNormEps: eps } = config;
  checkLength(batch, config);
  const layers = openLayers(parameters, options);
  const { tape, dense, norm, dropout: drop } = layers;

  let x = tf.tidy(() => {
    const rows = (table: string, ids: Int32Array): Tensor2D =>
      embedding(
        layers.get(`embeddings.${table}_embeddings.weight`),
        ids,
        { tape },
      );
    const type = rows("token_type", new Int32Array(batch.ids.length));
    const placed = add(rows("position", positions(batch)), type, { tape });
    const sum = add(rows("word", batch.ids), placed, { tape });
    return drop(norm(sum, "embeddings.LayerNorm", eps), "embeddings");
  }); // [T, D]
  options.onLayer?.(0, x);

  for (let i = 0; i < config.layers; i++) {
    const at = `encoder.layer.${i}`;
    x = layers.layer(x, (x) => {
      const mixed = attention(
        dense(x, `${at}.attention.self.query`),
        dense(x, `${at}.attention.self.key`),
        dense(x, `${at}.attention.self.value`),
        { sequences: batch, heads, scale: 1 / Math.sqrt(D / heads), tape },
      ); // [T, D]
      const attended = norm(
        add(
          drop(dense(mixed, `${at}.attention.output.dense`), `${at}.attention`),
          x,
          { tape },
        ),
        `${at}.attention.output.LayerNorm`,
        eps,
      );
      const inner = activate(
        dense(attended, `${at}.intermediate.dense`),
        config.hiddenAct,
        { tape },
      ); // [T, F]
      return norm(
        add(
          drop(dense(inner, `${at}.output.dense`), `${at}.output`),
          attended,
          {
            tape,
          },
        ),
        `${at}.output.LayerNorm`,
        eps,
      );
    });
    options.onLayer?.(i + 1, x);
  }
  return x;
}

/** The place of each token in its text, from 0. */
function positions({ offsets }: Sequences): Int32Array {
  const places = new Int32Array(offsets.at(-1)!);
  for (let i = 1; i < offsets.length; i++) {
    const start = offsets[i - 1]!;
    for (let t = start; t < offsets[i]!; t++) places[t] = t - start;
  }
  return places;
}

function checkLength(batch: TokenBatch, config: BertConfig): void {
  const L = longest(batch);
  if (L > config.maxPositions) {
    throw new RangeError(
      `Cannot encode ${L} tokens: the model has ${config.maxPositions} positions; lower the length limit`,
    );
  }
}

function activate(
  x: Tensor2D,
  name: BertConfig["hiddenAct"],
  { tape }: KernelOptions,
): Tensor2D {
  switch (name) {
    case "gelu":
      return gelu(x, { tape });
    case "gelu_new":
      return gelu(x, { form: "tanh", tape });
    case "relu":
      return relu(x, { tape });
  }
}
