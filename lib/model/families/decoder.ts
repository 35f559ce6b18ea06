import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D, Tensor3D } from "../../backend/mod.ts";
import {
  type ForwardOptions,
  fusedQueriesKeysValues,
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
import type { Family, ForwardInput, ParameterSpec } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderGraph } from "../onnx/decoder_graph.ts";
import type { TokenBatch } from "../tokenizer/token_batch.ts";
import {
  decoderFileFields,
  type DecoderReading,
  parseDecoder,
  windowReach,
} from "./decoder_config.ts";
import { windowBias } from "./window_bias.ts";
import { checkTextLengths } from "./positions.ts";
import { ropeTable } from "./rope.ts";
import {
  add,
  attention,
  embedding,
  longest,
  rotary,
  type RotaryTable,
  scale,
} from "../../backend/kernels/mod.ts";

/** What a family of decoders does its own way. */
export interface DecoderTraits extends DecoderReading {
  /** Name of the class in transformers. */
  model: string;
  /** Fields of `config.json` beside those that all have. */
  fields?(config: DecoderConfig): Record<string, unknown>;
  /** Whether queries and keys are normalised, head by head or as a whole. */
  queryKeyNorm?: boolean | "whole";
  /** Whether norms multiply by 1 + weight. @default {false} */
  addOneToNorms?: boolean;
  /**
   * Whether what attention and the feed-forward part compute is normalised too,
   * before it is added. @default {false}
   */
  postNorms?: boolean;
  /** Whether these norms stand alone, with none before the parts. @default {false} */
  onlyPostNorms?: boolean;
  /**
   * Whether files have queries, keys and values as one map, and gate and up as
   * another. @default {false}
   */
  fused?: boolean;
  /** Whether embeddings are scaled by the root of their width. @default {false} */
  scaleEmbeddings?: boolean;
}

/** A family of decoders: rotary positions, RMS norms, a gated feed-forward part. */
export function decoderFamily(traits: DecoderTraits): Family<DecoderConfig> {
  return {
    prefixes: ["model."],
    kept: null,
    causal: traits.causal ?? true,
    parse: (json) => parseDecoder(json, traits),
    fields: (config) => ({
      ...decoderFileFields(config, traits.model),
      ...traits.fields?.(config),
    }),
    parameters: (config) => decoderParameters(config, traits),
    longest: (config) => config.maxPositions,
    forward: (config, parameters, batch, options = {}) =>
      decoderForward({ config, parameters, batch }, traits, options),
    graph: (config, graph) => decoderGraph(graph, config, traits),
  };
}

function decoderParameters(
  config: DecoderConfig,
  traits: DecoderTraits,
): ParameterSpec[] {
  const layers = Array.from(
    { length: config.layers },
    (_, i) => layerParameters(config, traits, `layers.${i}`),
  );
  return [
    {
      name: "embed_tokens.weight",
      shape: [config.vocabSize, config.hiddenSize],
      init: "normal",
    },
    ...layers.flat(),
    normParameter("norm", config.hiddenSize, traits),
  ];
}

/** Parameters of one layer, whose names begin with `at`. */
function layerParameters(
  config: DecoderConfig,
  traits: DecoderTraits,
  at: string,
): ParameterSpec[] {
  const { hiddenSize: D, intermediateSize: F, headSize } = config;
  const [Q, K] = [config.heads * headSize, config.keyHeads * headSize];
  const qkvBias = config.attentionBias !== "none";
  const outBias = config.attentionBias === "all";
  const specs: ParameterSpec[] = [];
  const norm = (name: string, width = D) => {
    specs.push(normParameter(`${at}.${name}`, width, traits));
  };
  const dense = (
    name: string,
    [out, into]: [number, number],
    bias: boolean,
  ) => {
    const map = `${at}.${name}`;
    specs.push({ name: `${map}.weight`, shape: [out, into], init: "normal" });
    if (bias) specs.push({ name: `${map}.bias`, shape: [out], init: "zeros" });
  };
  if (!traits.onlyPostNorms) norm("input_layernorm");
  if (traits.fused) dense("self_attn.qkv_proj", [Q + 2 * K, D], qkvBias);
  else {
    dense("self_attn.q_proj", [Q, D], qkvBias);
    dense("self_attn.k_proj", [K, D], qkvBias);
    dense("self_attn.v_proj", [K, D], qkvBias);
  }
  dense("self_attn.o_proj", [D, Q], outBias);
  if (traits.queryKeyNorm) {
    const whole = traits.queryKeyNorm === "whole";
    norm("self_attn.q_norm", whole ? Q : headSize);
    norm("self_attn.k_norm", whole ? K : headSize);
  }
  norm("post_attention_layernorm");
  if (traits.postNorms) {
    if (!traits.onlyPostNorms) norm("pre_feedforward_layernorm");
    norm("post_feedforward_layernorm");
  }
  if (traits.fused) dense("mlp.gate_up_proj", [2 * F, D], config.mlpBias);
  else {
    dense("mlp.gate_proj", [F, D], config.mlpBias);
    dense("mlp.up_proj", [F, D], config.mlpBias);
  }
  dense("mlp.down_proj", [D, F], config.mlpBias);
  return specs;
}

function normParameter(
  name: string,
  width: number,
  { addOneToNorms }: DecoderTraits,
): ParameterSpec {
  return {
    name: `${name}.weight`,
    shape: [width],
    init: addOneToNorms ? "zeros" : "ones",
  };
}

/** What the layers of one forward pass share. */
interface DecoderPass {
  config: DecoderConfig;
  traits: DecoderTraits;
  batch: TokenBatch;
  layers: Layers;
  /** The RMS norm called `name`. */
  norm(x: Tensor2D, name: string): Tensor2D;
  /** Rotary positions of layers that see all. */
  table(rows?: Int32Array): RotaryTable;
  /** Rotary positions of layers with a window. */
  localTable(rows?: Int32Array): RotaryTable;
}

/** Which layer, and which tokens it is computed for. */
interface DecoderLayer {
  index: number;
  /** Absent: all tokens. */
  queryTokens: SelectedTokens | undefined;
}

function decoderForward(
  { config, parameters, batch }: ForwardInput<DecoderConfig>,
  traits: DecoderTraits,
  options: ForwardOptions,
): Tensor2D {
  checkTextLengths(batch, config.maxPositions);
  const layers = openLayers(parameters, options);
  const { tape } = layers;
  const table = ropeTable(batch, config.rope, config.headSize);
  const norm = (x: Tensor2D, name: string): Tensor2D =>
    layers.rmsNorm(x, name, {
      eps: config.rmsNormEps,
      addOne: traits.addOneToNorms,
    });
  const pass: DecoderPass = {
    config,
    traits,
    batch,
    layers,
    norm,
    table,
    localTable: config.localRope
      ? ropeTable(batch, config.localRope, config.headSize)
      : table,
  };
  let x = tf.tidy(() => {
    const rows = embedding(layers.get("embed_tokens.weight"), batch.ids, {
      tape,
    });
    return traits.scaleEmbeddings
      ? scale(rows, { factor: Math.sqrt(config.hiddenSize), tape })
      : rows;
  }); // [T, D]
  options.onLayer?.(0, x);
  const selected = options.only && selectTokens(batch, options.only);
  // The queries of a causal attention are the last ones of a text.
  const queryTokens = config.causal && options.only === "last"
    ? selected
    : undefined;
  for (let i = 0; i < config.layers; i++) {
    const last = i + 1 === config.layers;
    x = layers.layer(x, (all) =>
      decoderLayer(all, pass, {
        index: i,
        queryTokens: last ? queryTokens : undefined,
      }));
    if (!last) options.onLayer?.(i + 1, x);
  }
  x = layers.layer(x, (x) => norm(x, "norm"));
  // transformers, too, counts the last layer's states after the norm.
  options.onLayer?.(config.layers, x);
  return selected && !queryTokens ? gatherTokens(x, selected, tape) : x;
}

/** One layer: attention, then the gated feed-forward part, each added to x. */
function decoderLayer(
  all: Tensor2D,
  pass: DecoderPass,
  layer: DecoderLayer,
): Tensor2D {
  const { config, layers, norm } = pass;
  const { postNorms, onlyPostNorms, fused } = pass.traits;
  const { tape } = layers;
  const { queryTokens } = layer;
  const at = `layers.${layer.index}`;
  const { layers: own, x } = queryTokens
    ? layers.at(queryTokens, all)
    : { layers, x: all };
  const normalAll = onlyPostNorms ? all : norm(all, `${at}.input_layernorm`);
  const normal = queryTokens
    ? gatherTokens(normalAll, queryTokens, tape)
    : normalAll;
  const mixed = decoderAttention(pass, layer, {
    asking: { layers: own, x: normal },
    all: { layers, x: normalAll },
  });
  let change = own.dense(mixed, `${at}.self_attn.o_proj`);
  if (postNorms) change = norm(change, `${at}.post_attention_layernorm`);
  const attended = add(own.dropout(change, `${at}.attention`), x, { tape });
  // Without norms after the parts, files call this one post_attention_layernorm.
  const before = onlyPostNorms ? attended : norm(
    attended,
    postNorms
      ? `${at}.pre_feedforward_layernorm`
      : `${at}.post_attention_layernorm`,
  );
  const down = `${at}.mlp.down_proj`;
  const gates = {
    gate: `${at}.mlp.gate_proj`,
    up: `${at}.mlp.up_proj`,
  };
  const { hiddenAct } = config;
  let fed = fused
    ? own.fusedFeedForward(before, {
      both: `${at}.mlp.gate_up_proj`,
      down,
    }, { activation: hiddenAct, first: "gate" })
    : own.gatedFeedForward(before, { ...gates, down }, hiddenAct);
  if (postNorms) fed = norm(fed, `${at}.post_feedforward_layernorm`);
  return add(own.dropout(fed, `${at}.mlp`), attended, { tape });
}

/** What attention mixes of the values, `[T, H·headSize]`. */
function decoderAttention(
  { config, traits, batch, layers, norm, table, localTable }: DecoderPass,
  { index, queryTokens }: DecoderLayer,
  { asking, all }: { asking: LayerInput; all: LayerInput },
): Tensor2D {
  const { heads, keyHeads } = config;
  const { tape } = layers;
  const at = `layers.${index}.self_attn`;
  const window = config.windows[index] ?? null;
  const tableOf = window === null ? table : localTable;
  const turned = (
    y: Tensor2D,
    which: "q" | "k",
    { heads, rows }: { heads: number; rows?: Int32Array | undefined },
  ) =>
    rotary(
      traits.queryKeyNorm ? norm(y, `${at}.${which}_norm`) : y,
      { ...tableOf(rows), heads, tape },
    );
  const [q, k, v] = traits.fused
    ? fusedQueriesKeysValues(asking, all, {
      name: `${at}.qkv_proj`,
      widths: [heads, keyHeads, keyHeads].map((n) => n * config.headSize),
    })
    : queriesKeysValues(
      asking,
      all,
      [`${at}.q_proj`, `${at}.k_proj`, `${at}.v_proj`],
    );
  return attention(
    turned(q, "q", { heads, rows: queryTokens?.rows }),
    turned(k, "k", { heads: keyHeads }),
    v,
    {
      sequences: batch,
      queries: queryTokens?.sequences,
      heads,
      keyHeads,
      scale: config.attentionScale,
      ...attentionMask(config, window, longest(batch)),
      softcap: config.attentionSoftcap ?? undefined,
      tape,
    },
  );
}

/** Which tokens each token sees, as options of the attention. */
function attentionMask(
  config: DecoderConfig,
  window: number | null,
  L: number,
): { causal?: boolean; window?: number; bias?: Tensor3D } {
  const { causal, heads } = config;
  if (causal) return window === null ? { causal } : { causal, window };
  if (window === null) return {};
  const reach = windowReach(config) === "half"
    ? Math.floor(window / 2)
    : window;
  return windowBias(L, { reach, heads });
}
