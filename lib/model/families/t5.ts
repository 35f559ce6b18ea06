import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import type { Tensor2D } from "../../backend/mod.ts";
import {
  add,
  attention,
  embedding,
  longest,
  relu,
} from "../../backend/kernels/mod.ts";
import { type Layers, openLayers } from "../encode/layers.ts";
import { gatherTokens, selectTokens } from "../encode/token_selection.ts";
import type { Family, ParameterSpec } from "../config/family.ts";
import type { T5Config } from "../config/model_config.ts";
import { t5Graph } from "../onnx/t5_graph.ts";
import type { TokenBatch } from "../tokenizer/token_batch.ts";
import { distanceBias } from "./distance_bias.ts";
import { layers, rows, width } from "./size_fields.ts";

const TABLE =
  "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight";

/** Distances alone matter, so texts may be as long as memory allows. */
const NO_END = 2 ** 20;

/** What `feed_forward_proj` says → activation, and whether there is a gate. */
const FEED_FORWARD = {
  "relu": ["relu", false],
  "gelu": ["gelu", false],
  "gelu_new": ["gelu_tanh", false],
  "silu": ["silu", false],
  // The tanh form, though the name says otherwise.
  "gated-gelu": ["gelu_tanh", true],
  "gated-silu": ["silu", true],
} as const satisfies Record<string, [T5Config["hiddenAct"], boolean]>;
type FeedForward = keyof typeof FEED_FORWARD;

const File = z.looseObject({
  vocab_size: rows.default(32128),
  d_model: width.default(512),
  d_kv: width.default(64),
  d_ff: width.default(2048),
  num_layers: layers.min(1).default(6),
  num_heads: width.default(8),
  relative_attention_num_buckets: width.default(32),
  relative_attention_max_distance: width.default(128),
  layer_norm_epsilon: z.number().positive().default(1e-6),
  feed_forward_proj: z.enum(Object.keys(FEED_FORWARD) as FeedForward[])
    .default("relu"),
  is_decoder: z.literal(false).default(false),
}).refine((f) => f.feed_forward_proj !== "silu", {
  path: ["feed_forward_proj"],
  error: "must be relu, gelu, gelu_new, gated-gelu or gated-silu",
}).transform((f): T5Config => {
  const [hiddenAct, gated] = FEED_FORWARD[f.feed_forward_proj];
  return {
    modelType: "t5",
    vocabSize: f.vocab_size,
    hiddenSize: f.d_model,
    layers: f.num_layers,
    heads: f.num_heads,
    headSize: f.d_kv,
    intermediateSize: f.d_ff,
    maxPositions: NO_END,
    rmsNormEps: f.layer_norm_epsilon,
    hiddenAct,
    gated,
    distanceBuckets: f.relative_attention_num_buckets,
    farthest: f.relative_attention_max_distance,
    initializerRange: 0.02,
  };
});

/**
 * The encoder of T5 (arXiv 1910.10683), as GTR and sentence-T5 use it: RMS norms
 * before the parts, no positions but a bias by distance, scores that aren't scaled.
 */
export const t5: Family<T5Config> = {
  prefixes: ["transformer."],
  kept: null,
  causal: false,
  parse: (json) => File.safeParse(json),
  sources: (name) =>
    name === "shared.weight" ? [{ name: "encoder.embed_tokens.weight" }] : [],
  fields: (config) => ({
    architectures: ["T5EncoderModel"],
    model_type: "t5",
    vocab_size: config.vocabSize,
    d_model: config.hiddenSize,
    d_kv: config.headSize,
    d_ff: config.intermediateSize,
    num_layers: config.layers,
    num_heads: config.heads,
    relative_attention_num_buckets: config.distanceBuckets,
    relative_attention_max_distance: config.farthest,
    layer_norm_epsilon: config.rmsNormEps,
    feed_forward_proj: Object.keys(FEED_FORWARD).find((name) => {
      const [act, gated] = FEED_FORWARD[name as FeedForward];
      return act === config.hiddenAct && gated === config.gated;
    }),
    ...config.original ? {} : { dropout_rate: 0 },
  }),
  parameters: t5Parameters,
  longest: (config) => config.maxPositions,
  forward(config, parameters, batch, options = {}) {
    const layers = openLayers(parameters, options);
    const { tape } = layers;
    let x = tf.tidy(() =>
      layers.dropout(
        embedding(layers.get("shared.weight"), batch.ids, { tape }),
        "embeddings",
      )
    );
    options.onLayer?.(0, x);
    for (let i = 0; i < config.layers; i++) {
      x = layers.layer(x, (x) => t5Layer(x, layers, { config, batch, i }));
      if (i + 1 < config.layers) options.onLayer?.(i + 1, x);
    }
    x = layers.layer(x, (x) =>
      layers.dropout(
        layers.rmsNorm(x, "encoder.final_layer_norm", {
          eps: config.rmsNormEps,
        }),
        "last",
      ));
    options.onLayer?.(config.layers, x);
    return options.only
      ? gatherTokens(x, selectTokens(batch, options.only), tape)
      : x;
  },
  graph: (config, graph) => t5Graph(graph, config, { table: TABLE }),
};

function t5Parameters(config: T5Config): ParameterSpec[] {
  const { hiddenSize: D, intermediateSize: F, heads, headSize } = config;
  const H = heads * headSize;
  const map = (name: string, out: number, into: number): ParameterSpec => ({
    name: `${name}.weight`,
    shape: [out, into],
    init: "normal",
  });
  const norm = (name: string): ParameterSpec => ({
    name: `${name}.weight`,
    shape: [D],
    init: "ones",
  });
  const blocks = Array.from({ length: config.layers }, (_, i) => {
    const [attending, feeding] = [0, 1].map((part) =>
      `encoder.block.${i}.layer.${part}`
    );
    const inner = config.gated ? ["wi_0", "wi_1"] : ["wi"];
    return [
      norm(`${attending}.layer_norm`),
      map(`${attending}.SelfAttention.q`, H, D),
      map(`${attending}.SelfAttention.k`, H, D),
      map(`${attending}.SelfAttention.v`, H, D),
      map(`${attending}.SelfAttention.o`, D, H),
      norm(`${feeding}.layer_norm`),
      ...inner.map((name) => map(`${feeding}.DenseReluDense.${name}`, F, D)),
      map(`${feeding}.DenseReluDense.wo`, D, F),
    ];
  });
  return [
    { name: "shared.weight", shape: [config.vocabSize, D], init: "normal" },
    { name: TABLE, shape: [config.distanceBuckets, heads], init: "normal" },
    ...blocks.flat(),
    norm("encoder.final_layer_norm"),
  ];
}

/** One layer: attention, then the feed-forward part, each added to x. */
function t5Layer(
  x: Tensor2D,
  layers: Layers,
  { config, batch, i }: { config: T5Config; batch: TokenBatch; i: number },
): Tensor2D {
  const { tape } = layers;
  const { heads, rmsNormEps: eps, distanceBuckets: buckets, farthest: far } =
    config;
  const at = `encoder.block.${i}.layer`;
  const before = layers.rmsNorm(x, `${at}.0.layer_norm`, { eps });
  const [q, k, v] = layers.denses(
    before,
    ["q", "k", "v"].map((map) => `${at}.0.SelfAttention.${map}`),
  ) as [Tensor2D, Tensor2D, Tensor2D];
  const mixed = attention(q, k, v, {
    sequences: batch,
    heads,
    scale: 1,
    bias: distanceBias(layers, longest(batch), { table: TABLE, buckets, far }),
    tape,
  });
  const change = layers.dense(mixed, `${at}.0.SelfAttention.o`);
  const attended = add(layers.dropout(change, `${at}.0`), x, { tape });
  const inner = layers.rmsNorm(attended, `${at}.1.layer_norm`, { eps });
  const fed = t5FeedForward(inner, layers, {
    config,
    at: `${at}.1.DenseReluDense`,
  });
  return add(layers.dropout(fed, `${at}.1`), attended, { tape });
}

function t5FeedForward(
  x: Tensor2D,
  layers: Layers,
  { config, at }: { config: T5Config; at: string },
): Tensor2D {
  const { hiddenAct } = config;
  if (config.gated) {
    const maps = { gate: `${at}.wi_0`, up: `${at}.wi_1`, down: `${at}.wo` };
    return layers.gatedFeedForward(
      x,
      maps,
      hiddenAct as Exclude<typeof hiddenAct, "relu">,
    );
  }
  const names = { inner: `${at}.wi`, outer: `${at}.wo` };
  if (hiddenAct === "relu") {
    const inner = relu(layers.dense(x, names.inner), { tape: layers.tape });
    return layers.dense(inner, names.outer);
  }
  return layers.feedForward(x, names, hiddenAct as "gelu" | "gelu_tanh");
}
