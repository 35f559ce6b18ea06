import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D, Tensor3D } from "../../backend/mod.ts";
import {
  type ForwardOptions,
  openLayers,
  type Parameters,
  queriesKeysValues,
} from "../encode/layers.ts";
import { endsOf, takeEnds } from "../tokenizer/ends.ts";
import type { Family, ParameterSpec } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import type { TokenBatch } from "../tokenizer/token_batch.ts";
import { checkLongest } from "./bert_layers.ts";
import {
  decoderFileFields,
  type DecoderReading,
  parseDecoder,
} from "./decoder_config.ts";
import { ropeTable } from "./rope.ts";
import {
  add,
  attention,
  embedding,
  longest,
  rotary,
  scale,
} from "../../backend/kernels/mod.ts";

/** What a family of decoders does its own way. */
export interface DecoderTraits extends DecoderReading {
  /** Name of the class in transformers. */
  model: string;
  /** Fields of `config.json` beside those that all have. */
  fields?(config: DecoderConfig): Record<string, unknown>;
  /** Whether queries and keys are normalised, head by head. */
  queryKeyNorm?: boolean;
  /**
   * Whether norms multiply by 1 + weight, come before and after each part, and
   * embeddings are scaled by the root of their width.
   */
  gemma?: boolean;
}

/** A family of decoders: rotary positions, RMS norms, a gated feed-forward part. */
export function decoderFamily(traits: DecoderTraits): Family<DecoderConfig> {
  return {
    prefixes: ["model."],
    kept: null,
    causal: true,
    parse: (json) => parseDecoder(json, traits),
    fields: (config) => ({
      ...decoderFileFields(config, traits.model),
      ...traits.fields?.(config),
    }),
    parameters: (config) => decoderParameters(config, traits),
    longest: (config) => config.maxPositions,
    forward: (config, parameters, batch, options) =>
      decoderForward(config, parameters, batch, traits, options),
  };
}

function decoderParameters(
  config: DecoderConfig,
  { queryKeyNorm, gemma }: DecoderTraits,
): ParameterSpec[] {
  const { hiddenSize: D, intermediateSize: F, headSize } = config;
  const [Q, K] = [config.heads * headSize, config.keyHeads * headSize];
  const norm = (name: string, width = D): ParameterSpec => ({
    name: `${name}.weight`,
    shape: [width],
    init: gemma ? "zeros" : "ones",
  });
  const dense = (
    name: string,
    [out, into]: [number, number],
    bias: boolean,
  ): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [out, into], init: "normal" },
    ...(bias
      ? [{ name: `${name}.bias`, shape: [out], init: "zeros" as const }]
      : []),
  ];
  const qkv = config.attentionBias !== "none";
  return [
    {
      name: "embed_tokens.weight",
      shape: [config.vocabSize, D],
      init: "normal",
    },
    ...Array.from({ length: config.layers }, (_, i) => {
      const at = `layers.${i}`;
      return [
        norm(`${at}.input_layernorm`),
        ...dense(`${at}.self_attn.q_proj`, [Q, D], qkv),
        ...dense(`${at}.self_attn.k_proj`, [K, D], qkv),
        ...dense(`${at}.self_attn.v_proj`, [K, D], qkv),
        ...dense(
          `${at}.self_attn.o_proj`,
          [D, Q],
          config.attentionBias === "all",
        ),
        ...(queryKeyNorm
          ? [
            norm(`${at}.self_attn.q_norm`, headSize),
            norm(`${at}.self_attn.k_norm`, headSize),
          ]
          : []),
        norm(`${at}.post_attention_layernorm`),
        ...(gemma
          ? [
            norm(`${at}.pre_feedforward_layernorm`),
            norm(`${at}.post_feedforward_layernorm`),
          ]
          : []),
        ...dense(`${at}.mlp.gate_proj`, [F, D], config.mlpBias),
        ...dense(`${at}.mlp.up_proj`, [F, D], config.mlpBias),
        ...dense(`${at}.mlp.down_proj`, [D, F], config.mlpBias),
      ];
    }).flat(),
    norm("norm"),
  ];
}

function decoderForward(
  config: DecoderConfig,
  parameters: Parameters,
  batch: TokenBatch,
  { queryKeyNorm, gemma }: DecoderTraits,
  options: ForwardOptions = {},
): Tensor2D {
  checkLongest(batch, config.maxPositions);
  const { heads, keyHeads, headSize, rmsNormEps: eps } = config;
  const layers = openLayers(parameters, options);
  const { tape } = layers;
  const norm = (x: Tensor2D, name: string): Tensor2D =>
    layers.rmsNorm(x, name, { eps, addOne: gemma });
  const table = ropeTable(batch, config.rope, headSize);
  const localTable = config.localRope
    ? ropeTable(batch, config.localRope, headSize)
    : table;
  let x = tf.tidy(() => {
    const rows = embedding(layers.get("embed_tokens.weight"), batch.ids, {
      tape,
    });
    return gemma
      ? scale(rows, { factor: Math.sqrt(config.hiddenSize), tape })
      : rows;
  }); // [T, D]
  options.onLayer?.(0, x);
  const ends = options.only && endsOf(batch, options.only);
  // The queries of a causal attention are the last ones of a text.
  const narrow = config.causal && options.only === "last" ? ends : undefined;
  for (let i = 0; i < config.layers; i++) {
    const at = `layers.${i}`;
    const window = config.windows[i] ?? null;
    const turns = window === null ? table : localTable;
    const asking = i + 1 === config.layers ? narrow : undefined;
    x = layers.layer(x, (all) => {
      const { layers: own, x } = asking
        ? layers.at(asking, all)
        : { layers, x: all };
      const normalAll = norm(all, `${at}.input_layernorm`);
      const normal = asking ? takeEnds(normalAll, asking, tape) : normalAll;
      const turned = (
        y: Tensor2D,
        which: "q" | "k",
        { heads, rows }: { heads: number; rows?: Int32Array | undefined },
      ) =>
        rotary(
          queryKeyNorm ? norm(y, `${at}.self_attn.${which}_norm`) : y,
          { ...turns(rows), heads, tape },
        );
      const maps = `${at}.self_attn`;
      const [q, k, v] = queriesKeysValues(
        { layers: own, x: normal },
        { layers, x: normalAll },
        [`${maps}.q_proj`, `${maps}.k_proj`, `${maps}.v_proj`],
      );
      const mixed = attention(
        turned(q, "q", { heads, rows: asking?.rows }),
        turned(k, "k", { heads: keyHeads }),
        v,
        {
          sequences: batch,
          queries: asking?.sequences,
          heads,
          keyHeads,
          scale: config.attentionScale,
          ...sight(config, window, longest(batch)),
          ...(config.attentionSoftcap === null
            ? {}
            : { softcap: config.attentionSoftcap }),
          tape,
        },
      ); // [T, H·headSize]
      let change = own.dense(mixed, `${at}.self_attn.o_proj`);
      if (gemma) change = norm(change, `${at}.post_attention_layernorm`);
      const attended = add(own.dropout(change, `${at}.attention`), x, { tape });
      const before = norm(
        attended,
        gemma
          ? `${at}.pre_feedforward_layernorm`
          : `${at}.post_attention_layernorm`,
      );
      let fed = own.gatedFeedForward(
        before,
        {
          gate: `${at}.mlp.gate_proj`,
          up: `${at}.mlp.up_proj`,
          down: `${at}.mlp.down_proj`,
        },
        config.hiddenAct,
      );
      if (gemma) fed = norm(fed, `${at}.post_feedforward_layernorm`);
      return add(own.dropout(fed, `${at}.mlp`), attended, { tape });
    });
    if (i + 1 < config.layers) options.onLayer?.(i + 1, x);
  }
  x = layers.layer(x, (x) => norm(x, "norm"));
  // transformers, too, counts the last layer's states after the norm.
  options.onLayer?.(config.layers, x);
  return ends && !narrow ? takeEnds(x, ends, tape) : x;
}

/** What a token sees, as options of the attention. */
function sight(
  { causal, heads }: DecoderConfig,
  window: number | null,
  L: number,
): { causal?: boolean; window?: number; bias?: Tensor3D } {
  if (causal) return window === null ? { causal } : { causal, window };
  // Gemma's window lies half before and half after a token then.
  const half = window === null ? Infinity : Math.floor(window / 2) + 1;
  if (L <= half) return {};
  const hidden = Float32Array.from(
    { length: L * L },
    (_, at) => Math.abs(Math.floor(at / L) - at % L) < half ? 0 : -1e9,
  );
  return { bias: tf.tile(tf.tensor3d(hidden, [1, L, L]), [heads, 1, 1]) };
}
