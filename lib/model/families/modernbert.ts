import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "../../backend/mod.ts";
import {
  add,
  attention,
  embedding,
  longest,
  rotary,
  type RotaryTable,
} from "../../backend/kernels/mod.ts";
import {
  fusedQueriesKeysValues,
  type Layers,
  openLayers,
} from "../encode/layers.ts";
import {
  gatherTokens,
  type SelectedTokens,
  selectTokens,
} from "../encode/token_selection.ts";
import type { Family, ParameterSpec } from "../config/family.ts";
import type { ModernBertConfig } from "../config/model_config.ts";
import { modernbertGraph } from "../onnx/modernbert_graph.ts";
import type { TokenBatch } from "../tokenizer/token_batch.ts";
import { modernbertFields, ModernBertFile } from "./modernbert_config.ts";
import { checkTextLengths } from "./positions.ts";
import { ropeTable } from "./rope.ts";
import { windowBias } from "./window_bias.ts";
import { mapParameters } from "./map_parameters.ts";

/**
 * ModernBERT (arXiv 2412.13663): norms before the parts, rotary positions, a gated
 * feed-forward part, and windows on two layers of three.
 */
export const modernbert: Family<ModernBertConfig> = {
  prefixes: ["model."],
  kept: null,
  causal: false,
  parse: (json) => ModernBertFile.safeParse(json),
  fields: modernbertFields,
  parameters: modernbertParameters,
  longest: (config) => config.maxPositions,
  forward(config, parameters, batch, options = {}) {
    checkTextLengths(batch, config.maxPositions);
    const layers = openLayers(parameters, options);
    const D = config.hiddenSize / config.heads;
    const pass: ModernBertPass = {
      config,
      batch,
      layers,
      table: ropeTable(batch, config.rope, D),
      localTable: ropeTable(batch, config.localRope, D),
      norm: (x, name) => layers.norm(x, name, { eps: config.layerNormEps }),
    };
    const { tape } = layers;
    let x = tf.tidy(() => {
      const words = layers.get<Tensor2D>("embeddings.tok_embeddings.weight");
      const rows = embedding(words, batch.ids, { tape });
      return layers.dropout(pass.norm(rows, "embeddings.norm"), "embeddings");
    });
    options.onLayer?.(0, x);
    const selected = options.only && selectTokens(batch, options.only);
    // A window is a bias, which is for all pairs of tokens.
    const queryTokens = config.windowed.at(-1) ? undefined : selected;
    for (let i = 0; i < config.layers; i++) {
      const last = i + 1 === config.layers;
      x = layers.layer(x, (x) =>
        modernbertLayer(x, pass, {
          index: i,
          queryTokens: last ? queryTokens : undefined,
        }));
      if (!last) options.onLayer?.(i + 1, x);
    }
    x = layers.layer(x, (x) => pass.norm(x, "final_norm"));
    options.onLayer?.(config.layers, x);
    return selected && !(queryTokens && config.layers > 0)
      ? gatherTokens(x, selected, tape)
      : x;
  },
  graph: (config, graph) => modernbertGraph(graph, config),
};

function modernbertParameters(config: ModernBertConfig): ParameterSpec[] {
  const { hiddenSize: D, intermediateSize: F } = config;
  const norm = (name: string): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [D], init: "ones" },
    ...config.normBias
      ? [{ name: `${name}.bias`, shape: [D], init: "zeros" as const }]
      : [],
  ];
  const { attentionBias, mlpBias } = config;
  const each = Array.from({ length: config.layers }, (_, i) => {
    const at = `layers.${i}`;
    return [
      // The embeddings were normalised just before.
      ...i > 0 ? norm(`${at}.attn_norm`) : [],
      ...mapParameters(`${at}.attn.Wqkv`, [3 * D, D], attentionBias),
      ...mapParameters(`${at}.attn.Wo`, [D, D], attentionBias),
      ...norm(`${at}.mlp_norm`),
      ...mapParameters(`${at}.mlp.Wi`, [2 * F, D], mlpBias),
      ...mapParameters(`${at}.mlp.Wo`, [D, F], mlpBias),
    ];
  });
  return [
    {
      name: "embeddings.tok_embeddings.weight",
      shape: [config.vocabSize, D],
      init: "normal",
    },
    ...norm("embeddings.norm"),
    ...each.flat(),
    ...norm("final_norm"),
  ];
}

/** What the layers of one pass share. */
interface ModernBertPass {
  config: ModernBertConfig;
  batch: TokenBatch;
  layers: Layers;
  table(rows?: Int32Array): RotaryTable;
  localTable(rows?: Int32Array): RotaryTable;
  norm(x: Tensor2D, name: string): Tensor2D;
}

/** One layer: attention, then the gated part, each added to x. */
function modernbertLayer(
  all: Tensor2D,
  { config, batch, layers, table, localTable, norm }: ModernBertPass,
  { index, queryTokens }: {
    index: number;
    queryTokens: SelectedTokens | undefined;
  },
): Tensor2D {
  const { heads, hiddenSize } = config;
  const { tape } = layers;
  const at = `layers.${index}`;
  const windowed = config.windowed[index]!;
  const tableOf = windowed ? localTable : table;
  const normalAll = index === 0 ? all : norm(all, `${at}.attn_norm`);
  const { layers: own, x } = queryTokens
    ? layers.at(queryTokens, all)
    : { layers, x: all };
  const normal = queryTokens
    ? gatherTokens(normalAll, queryTokens, tape)
    : normalAll;
  const [q, k, v] = fusedQueriesKeysValues(
    { layers: own, x: normal },
    { layers, x: normalAll },
    { name: `${at}.attn.Wqkv`, widths: [hiddenSize, hiddenSize, hiddenSize] },
  );
  const reach = Math.floor(config.window / 2);
  const mixed = attention(
    rotary(q, { ...tableOf(queryTokens?.rows), heads, tape }),
    rotary(k, { ...tableOf(), heads, tape }),
    v,
    {
      sequences: batch,
      queries: queryTokens?.sequences,
      heads,
      scale: (hiddenSize / heads) ** -0.5,
      ...windowed ? windowBias(longest(batch), { reach, heads }) : {},
      tape,
    },
  );
  const change = own.dense(mixed, `${at}.attn.Wo`);
  const attended = add(own.dropout(change, `${at}.attention`), x, { tape });
  const fed = own.fusedFeedForward(
    norm(attended, `${at}.mlp_norm`),
    { both: `${at}.mlp.Wi`, down: `${at}.mlp.Wo` },
    { activation: config.hiddenAct, first: "gate" },
  );
  return add(own.dropout(fed, `${at}.mlp`), attended, { tape });
}
