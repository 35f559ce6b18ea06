import * as tf from "@tensorflow/tfjs-core";
import type {
  Tensor,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  Variable,
} from "../backend/mod.ts";
import {
  attention,
  embedding,
  gelu,
  layerNorm,
  linear,
} from "../backend/mod.ts";
import type { BertConfig } from "./config.ts";
import type { PaddedBatch } from "./tokenizer.ts";

/** Parameters of a model, by the name that Hugging Face's files give them. */
export type Parameters = ReadonlyMap<string, Variable>;

/** Added to the score of a masked key: finite, so a row of padding stays finite. */
const MASKED = -1e9;

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
 * BERT's forward pass: hidden states of a padded batch. Differentiable by the
 * parameters. Padding goes on the right: positions count columns.
 *
 * @param config Sizes of the model.
 * @param parameters Its parameters, all those of {@linkcode bertParameters}.
 * @param batch Token ids and mask, shape `[B, L]`.
 * @param onLayer Called with the hidden states after the embeddings (0) and
 * after each layer (1, …), for inspection.
 * @returns Hidden states of the last layer, shape `[B, L, D]`; the caller owns them.
 */
export function bertForward(
  config: BertConfig,
  parameters: Parameters,
  batch: PaddedBatch,
  onLayer?: (layer: number, hidden: Tensor3D) => void,
): Tensor3D {
  const { batch: B, length: L } = batch;
  const { hiddenSize: D, heads: H, layerNormEps: eps } = config;
  if (L > config.maxPositions) {
    throw new RangeError(
      `Cannot encode ${L} tokens: the model has ${config.maxPositions} positions; lower the length limit`,
    );
  }
  const get = <T extends Tensor>(name: string): T =>
    parameters.get(name) as unknown as T;
  const dense = (x: Tensor2D, name: string): Tensor2D =>
    linear(x, get(`${name}.weight`), get(`${name}.bias`));
  const norm = (x: Tensor2D, name: string): Tensor2D =>
    layerNorm(x, get(`${name}.weight`), get(`${name}.bias`), eps);
  const split = (x: Tensor2D): Tensor4D =>
    tf.transpose(tf.reshape(x, [B, L, H, D / H]), [0, 2, 1, 3]); // [B, H, L, D/H]
  const activate = activation(config.hiddenAct);

  const ids = tf.tensor1d(batch.ids, "int32"); // [B·L]
  const mask = tf.tensor4d(batch.mask, [B, 1, 1, L]);
  const bias = tf.mul(tf.sub(1, mask), MASKED); // [B, 1, 1, L]

  const word = embedding(get("embeddings.word_embeddings.weight"), ids);
  const position = tf.slice(
    get<Tensor2D>("embeddings.position_embeddings.weight"),
    [0, 0],
    [L, D],
  );
  const type = tf.slice(
    get<Tensor2D>("embeddings.token_type_embeddings.weight"),
    [0, 0],
    [1, D],
  );
  let x = norm(
    tf.reshape(
      tf.add(tf.reshape(word, [B, L, D]), tf.add(position, type)),
      [B * L, D],
    ),
    "embeddings.LayerNorm",
  ); // [B·L, D]
  onLayer?.(0, tf.reshape(x, [B, L, D]));

  for (let i = 0; i < config.layers; i++) {
    const layer = `encoder.layer.${i}`;
    const mixed = attention(
      split(dense(x, `${layer}.attention.self.query`)),
      split(dense(x, `${layer}.attention.self.key`)),
      split(dense(x, `${layer}.attention.self.value`)),
      bias,
      1 / Math.sqrt(D / H),
    ); // [B, H, L, D/H]
    const joined = tf.reshape(
      tf.transpose(mixed, [0, 2, 1, 3]),
      [B * L, D],
    ) as Tensor2D;
    const attended = norm(
      tf.add(dense(joined, `${layer}.attention.output.dense`), x),
      `${layer}.attention.output.LayerNorm`,
    );
    const inner = activate(dense(attended, `${layer}.intermediate.dense`)); // [B·L, F]
    x = norm(
      tf.add(dense(inner, `${layer}.output.dense`), attended),
      `${layer}.output.LayerNorm`,
    );
    onLayer?.(i + 1, tf.reshape(x, [B, L, D]));
  }
  return tf.reshape(x, [B, L, D]);
}

function activation(
  name: BertConfig["hiddenAct"],
): (x: Tensor2D) => Tensor2D {
  switch (name) {
    case "gelu":
      return gelu;
    case "relu":
      return (x) => tf.relu(x);
    case "gelu_new":
      return geluTanh;
  }
}

/** The tanh form of GELU, which some checkpoints name `gelu_new`. */
function geluTanh(x: Tensor2D): Tensor2D {
  const cube = tf.mul(tf.mul(x, tf.mul(x, x)), 0.044715);
  const inner = tf.mul(tf.add(x, cube), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}
