import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D, Tensor3D } from "../../backend/mod.ts";
import {
  type ForwardOptions,
  type Layers,
  openLayers,
  type Parameters,
  queriesKeysValues,
} from "../encode/layers.ts";
import { endsOf, takeEnds } from "../tokenizer/ends.ts";
import type { ParameterSpec } from "../config/family.ts";
import type { BertSizes } from "../config/model_config.ts";
import type { TokenBatch } from "../tokenizer/token_batch.ts";
import {
  add,
  attention,
  embedding,
  longest,
  relu,
  type Sequences,
} from "../../backend/kernels/mod.ts";

/** Names of the maps in a layer, without `encoder.layer.<i>.`. */
export interface BertNames {
  /** Queries. */
  query: string;
  /** Keys. */
  key: string;
  /** Values. */
  value: string;
  /** From the mixed values back to the hidden states. */
  out: string;
  /** Layer norm after attention. */
  norm: string;
}

/** The names in BERT and RoBERTa. */
export const BERT_NAMES: BertNames = {
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  out: "attention.output.dense",
  norm: "attention.output.LayerNorm",
};

/** Weight and bias of an affine map or a layer norm. */
const pair = (
  name: string,
  shape: number[],
  init: "normal" | "ones",
): ParameterSpec[] => [
  { name: `${name}.weight`, shape, init },
  { name: `${name}.bias`, shape: [shape[0]!], init: "zeros" },
];

/** Parameters of the embeddings; `tables` are the rows of each table. */
export function bertEmbeddingParameters(
  { hiddenSize: D }: BertSizes,
  tables: Readonly<Record<string, number>>,
): ParameterSpec[] {
  return [
    ...Object.entries(tables).map(([name, rows]): ParameterSpec => ({
      name: `embeddings.${name}_embeddings.weight`,
      shape: [rows, D],
      init: "normal",
    })),
    ...pair("embeddings.LayerNorm", [D], "ones"),
  ];
}

/** Parameters of the layers. */
export function bertLayerParameters(
  { hiddenSize: D, intermediateSize: F, layers }: BertSizes,
  names: BertNames,
): ParameterSpec[] {
  return Array.from({ length: layers }, (_, i) => {
    const at = `encoder.layer.${i}`;
    return [
      ...pair(`${at}.${names.query}`, [D, D], "normal"),
      ...pair(`${at}.${names.key}`, [D, D], "normal"),
      ...pair(`${at}.${names.value}`, [D, D], "normal"),
      ...pair(`${at}.${names.out}`, [D, D], "normal"),
      ...pair(`${at}.${names.norm}`, [D], "ones"),
      ...pair(`${at}.intermediate.dense`, [F, D], "normal"),
      ...pair(`${at}.output.dense`, [D, F], "normal"),
      ...pair(`${at}.output.LayerNorm`, [D], "ones"),
    ];
  }).flat();
}

/** What {@linkcode bertLayersForward} needs beside the parameters. */
export interface BertForward extends ForwardOptions {
  /** Names of the maps. */
  names: BertNames;
  /** Position of each token in the table, shape `[T]`. */
  positions: Int32Array;
  /** Whether there are token types (all tokens are of type 0). */
  types: boolean;
  /** Makes what is added to all attention scores, `[H, L, L]`. */
  bias?: (layers: Layers) => Tensor3D;
}

/** The forward pass of BERT and its relatives, `[T, D]` or the wanted rows. */
export function bertLayersForward(
  config: BertSizes,
  parameters: Parameters,
  batch: TokenBatch,
  { names, positions, types, bias, ...options }: BertForward,
): Tensor2D {
  const { hiddenSize: D, heads, layerNormEps: eps } = config;
  const layers = openLayers(parameters, options);
  const { tape } = layers;
  let x = tf.tidy(() => {
    const rows = (table: string, ids: Int32Array): Tensor2D =>
      embedding(
        layers.get(`embeddings.${table}_embeddings.weight`),
        ids,
        { tape },
      );
    let placed = rows("position", positions);
    if (types) {
      const type = rows("token_type", new Int32Array(batch.ids.length));
      placed = add(placed, type, { tape });
    }
    const words = rows("word", batch.ids);
    return layers.dropout(
      layers.norm(words, "embeddings.LayerNorm", eps, placed),
      "embeddings",
    );
  }); // [T, D]
  options.onLayer?.(0, x);
  const ends = options.only && endsOf(batch, options.only);
  // A bias is for all pairs of tokens.
  const narrow = bias ? undefined : ends;
  for (let i = 0; i < config.layers; i++) {
    const at = `encoder.layer.${i}`;
    const asking = i + 1 === config.layers ? narrow : undefined;
    x = layers.layer(x, (all) => {
      const { layers: own, x } = asking
        ? layers.at(asking, all)
        : { layers, x: all };
      const { query, key, value } = names;
      const [q, k, v] = queriesKeysValues(
        { layers: own, x },
        { layers, x: all },
        [`${at}.${query}`, `${at}.${key}`, `${at}.${value}`],
      );
      const mixed = attention(
        q,
        k,
        v,
        {
          sequences: batch,
          queries: asking?.sequences,
          heads,
          scale: 1 / Math.sqrt(D / heads),
          // Made in each layer, as a layer may be computed again for its
          // gradient.
          bias: bias?.(layers),
          tape,
        },
      ); // [T, D]
      const attended = own.norm(
        own.dropout(own.dense(mixed, `${at}.${names.out}`), `${at}.attention`),
        `${at}.${names.norm}`,
        eps,
        x,
      );
      return own.norm(
        own.dropout(
          fedForward(own, attended, at, config.hiddenAct),
          `${at}.output`,
        ),
        `${at}.output.LayerNorm`,
        eps,
        attended,
      );
    });
    options.onLayer?.(i + 1, x);
  }
  return ends && !narrow ? takeEnds(x, ends, tape) : x;
}

function fedForward(
  layers: Layers,
  x: Tensor2D,
  at: string,
  activation: BertSizes["hiddenAct"],
): Tensor2D {
  const names = {
    inner: `${at}.intermediate.dense`,
    outer: `${at}.output.dense`,
  };
  switch (activation) {
    case "gelu":
      return layers.feedForward(x, names, "gelu");
    case "gelu_new":
      return layers.feedForward(x, names, "gelu_tanh");
    case "relu": {
      const inner = relu(layers.dense(x, names.inner), { tape: layers.tape });
      return layers.dense(inner, names.outer);
    }
  }
}

/** The place of each token in its text, from 0. */
export function placesInText({ offsets }: Sequences): Int32Array {
  const places = new Int32Array(offsets.at(-1)!);
  for (let i = 1; i < offsets.length; i++) {
    const start = offsets[i - 1]!;
    for (let t = start; t < offsets[i]!; t++) places[t] = t - start;
  }
  return places;
}

/**
 * Positions as RoBERTa counts them: from the padding id + 1, and only tokens
 * that aren't the padding token (a user may type one; it stays at its id).
 */
export function placesAfterPad(
  { ids, offsets }: TokenBatch,
  padId: number,
): Int32Array {
  const places = new Int32Array(ids.length).fill(padId);
  for (let i = 1; i < offsets.length; i++) {
    let place = padId;
    for (let t = offsets[i - 1]!; t < offsets[i]!; t++) {
      if (ids[t] !== padId) places[t] = ++place;
    }
  }
  return places;
}

/** Refuses texts that the position table is too short for. */
export function checkLongest(batch: Sequences, most: number): void {
  const L = longest(batch);
  if (L > most) {
    throw new RangeError(
      `Cannot encode ${L} tokens: the model takes at most ${most}; lower the length limit`,
    );
  }
}
