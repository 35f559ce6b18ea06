import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D, Tensor3D } from "../../backend/mod.ts";
import {
  type ForwardOptions,
  type LayerInput,
  type Layers,
  openLayers,
  queriesKeysValues,
} from "../encode/layers.ts";
import {
  gatherTokens,
  type SelectedTokens,
  selectTokens,
} from "../encode/token_selection.ts";
import type { ForwardInput, ParameterSpec } from "../config/family.ts";
import type { BertSizes } from "../config/model_config.ts";
import type { TokenBatch } from "../tokenizer/token_batch.ts";
import { add, attention, embedding, relu } from "../../backend/kernels/mod.ts";
import { mapParameters } from "./map_parameters.ts";

/** Names of the parameters; those of the maps are without the layer's own. */
export interface BertNames {
  /** What the names of layer i begin with. */
  layer(i: number): string;
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
  /** The feed-forward part's first map. */
  inner: string;
  /** Its second one. */
  outer: string;
  /** Layer norm after it. */
  lastNorm: string;
  /** The map from embeddings of another width to the hidden states. */
  project?: string;
  /**
   * Whether the feed-forward part's first map gives gate and values, side by
   * side and without a bias. @default {false}
   */
  gated?: boolean;
}

/** The names in BERT and RoBERTa. */
export const BERT_NAMES: BertNames = {
  layer: (i) => `encoder.layer.${i}`,
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  out: "attention.output.dense",
  norm: "attention.output.LayerNorm",
  inner: "intermediate.dense",
  outer: "output.dense",
  lastNorm: "output.LayerNorm",
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

/**
 * Parameters of the embeddings; `tables` are the rows of each table, `width` how
 * wide they are where that isn't the hidden states' width.
 */
export function bertEmbeddingParameters(
  { hiddenSize }: BertSizes,
  tables: Readonly<Record<string, number>>,
  { width: D = hiddenSize, project }: { width?: number; project?: string } = {},
): ParameterSpec[] {
  return [
    ...Object.entries(tables).map(([name, rows]): ParameterSpec => ({
      name: `embeddings.${name}_embeddings.weight`,
      shape: [rows, D],
      init: "normal",
    })),
    ...pair("embeddings.LayerNorm", [D], "ones"),
    ...project ? pair(project, [hiddenSize, D], "normal") : [],
  ];
}

/** Parameters of the layers. */
export function bertLayerParameters(
  { hiddenSize: D, intermediateSize: F, layers }: BertSizes,
  names: BertNames,
): ParameterSpec[] {
  const places = Array.from({ length: layers }, (_, i) => names.layer(i));
  // Layers may share their parameters.
  return [...new Set(places)].flatMap((at) => [
    ...pair(`${at}.${names.query}`, [D, D], "normal"),
    ...pair(`${at}.${names.key}`, [D, D], "normal"),
    ...pair(`${at}.${names.value}`, [D, D], "normal"),
    ...pair(`${at}.${names.out}`, [D, D], "normal"),
    ...pair(`${at}.${names.norm}`, [D], "ones"),
    ...mapParameters(
      `${at}.${names.inner}`,
      [names.gated ? 2 * F : F, D],
      !names.gated,
    ),
    ...pair(`${at}.${names.outer}`, [D, F], "normal"),
    ...pair(`${at}.${names.lastNorm}`, [D], "ones"),
  ]);
}

/** What {@linkcode bertLayersForward} needs beside the parameters. */
export interface BertForward extends ForwardOptions {
  /** Names of the maps. */
  names: BertNames;
  /** Position of each token in the table, shape `[T]`; absent: there is none. */
  positions?: Int32Array | undefined;
  /** Whether there are token types. */
  types: boolean;
  /** Makes what is added to all attention scores, `[H, L, L]`. */
  bias?: (layers: Layers) => Tensor3D;
  /** How values are mixed, where not by plain attention; `at`: the layer's name. */
  mix?: (
    asked: { q: Tensor2D; k: Tensor2D; v: Tensor2D },
    at: string,
  ) => Tensor2D;
}

/** The forward pass of BERT and its relatives, `[T, D]` or the wanted rows. */
export function bertLayersForward(
  { config, parameters, batch }: ForwardInput<BertSizes>,
  { names, positions, types, bias, mix, ...options }: BertForward,
): Tensor2D {
  const layers = openLayers(parameters, options);
  let x = tf.tidy(() =>
    bertEmbeddings(layers, { config, batch, names, positions, types })
  );
  options.onLayer?.(0, x);
  const selected = options.only && selectTokens(batch, options.only);
  // A bias is for all pairs of tokens, and so are other ways of mixing.
  const queryTokens = bias || mix ? undefined : selected;
  for (let i = 0; i < config.layers; i++) {
    x = layers.layer(x, (all) =>
      bertLayer({ layers, x: all }, {
        config,
        batch,
        names,
        index: i,
        queryTokens: i + 1 === config.layers ? queryTokens : undefined,
        bias,
        mix,
      }));
    options.onLayer?.(i + 1, x);
  }
  return selected && !queryTokens ? gatherTokens(x, selected, layers.tape) : x;
}

/** Sum of the embeddings of words, positions and types, normalised, `[T, D]`. */
function bertEmbeddings(
  layers: Layers,
  { config, batch, names, positions, types }:
    & { config: BertSizes; batch: TokenBatch }
    & Pick<BertForward, "names" | "positions" | "types">,
): Tensor2D {
  const { tape } = layers;
  const rows = (table: string, ids: Int32Array): Tensor2D =>
    embedding(
      layers.get(`embeddings.${table}_embeddings.weight`),
      ids,
      { tape },
    );
  let placed = positions && rows("position", positions);
  if (types) {
    const type = rows(
      "token_type",
      batch.types ?? new Int32Array(batch.ids.length),
    );
    placed = placed ? add(placed, type, { tape }) : type;
  }
  const words = rows("word", batch.ids);
  const dropped = layers.dropout(
    layers.norm(words, "embeddings.LayerNorm", {
      eps: config.layerNormEps,
      residual: placed,
    }),
    "embeddings",
  );
  return names.project ? layers.dense(dropped, names.project) : dropped;
}

/** What {@linkcode bertLayer} needs beside its input. */
interface BertLayer extends Pick<BertForward, "names" | "bias" | "mix"> {
  config: BertSizes;
  batch: TokenBatch;
  /** Which layer it is. */
  index: number;
  /** The tokens that the layer is computed for; absent: all. */
  queryTokens: SelectedTokens | undefined;
}

/** One layer: attention, then the feed-forward part, a norm after each. */
function bertLayer(
  all: LayerInput,
  { config, batch, names, index, queryTokens, bias, mix }: BertLayer,
): Tensor2D {
  const at = names.layer(index);
  const place = `encoder.layer.${index}`;
  const { hiddenSize: D, heads, layerNormEps: eps } = config;
  const asking = queryTokens ? all.layers.at(queryTokens, all.x) : all;
  const { layers, x } = asking;
  const { query, key, value } = names;
  const [q, k, v] = queriesKeysValues(
    asking,
    all,
    [`${at}.${query}`, `${at}.${key}`, `${at}.${value}`],
  );
  const mixed = mix ? mix({ q, k, v }, at) : attention(q, k, v, {
    sequences: batch,
    queries: queryTokens?.sequences,
    heads,
    scale: 1 / Math.sqrt(D / heads),
    // Made in each layer, as a layer may be computed again for its gradient.
    bias: bias?.(all.layers),
    tape: layers.tape,
  }); // [T, D]
  const attended = layers.norm(
    layers.dropout(
      layers.dense(mixed, `${at}.${names.out}`),
      `${place}.attention`,
    ),
    `${at}.${names.norm}`,
    { eps, residual: x },
  );
  const [inner, outer] = [`${at}.${names.inner}`, `${at}.${names.outer}`];
  const fed = names.gated
    ? layers.fusedFeedForward(attended, { both: inner, down: outer }, {
      activation: "gelu",
      first: "gate",
    })
    : bertFeedForward(layers, attended, {
      inner,
      outer,
      activation: config.hiddenAct,
    });
  return layers.norm(
    layers.dropout(fed, `${place}.output`),
    `${at}.${names.lastNorm}`,
    { eps, residual: attended },
  );
}

function bertFeedForward(
  layers: Layers,
  x: Tensor2D,
  { activation, ...names }: {
    inner: string;
    outer: string;
    activation: BertSizes["hiddenAct"];
  },
): Tensor2D {
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
