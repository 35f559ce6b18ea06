import type { DecoderConfig } from "../config/model_config.ts";
import { windowReach } from "../families/decoder_config.ts";
import type { DecoderTraits } from "../families/decoder.ts";
import type { Graph, Value } from "./graph.ts";
import { asHeads, asRows, graphAttention } from "./graph_attention.ts";
import { type GraphRope, graphRope, turned } from "./graph_rope.ts";
import {
  dense,
  fusedFeedForward,
  gatedFeedForward,
  rmsNorm,
  rowsOf,
} from "./layers.ts";
import { type Sight, sightBias } from "./tokens.ts";

/** What the layers of a decoder's graph share. */
interface DecoderPass {
  graph: Graph;
  config: DecoderConfig;
  traits: DecoderTraits;
  norm(x: Value, name: string): Value;
  /** Rotary positions of layers that see all. */
  rope: GraphRope;
  /** Those of layers with a window. */
  localRope: GraphRope;
}

/** The graph of a family of decoders; hidden states `[B, L, D]`. */
export function decoderGraph(
  graph: Graph,
  config: DecoderConfig,
  traits: DecoderTraits,
): Value {
  const rope = graphRope(graph, config.rope, config.headSize);
  const pass: DecoderPass = {
    graph,
    config,
    traits,
    norm: (x, name) =>
      rmsNorm(graph, x, name, {
        eps: config.rmsNormEps,
        addOne: traits.addOneToNorms ?? false,
      }),
    rope,
    localRope: config.localRope
      ? graphRope(graph, config.localRope, config.headSize)
      : rope,
  };
  let x = rowsOf(graph, "embed_tokens.weight", graph.ids);
  if (traits.scaleEmbeddings) {
    x = graph.op("Mul", [x, graph.floats(Math.sqrt(config.hiddenSize))]);
  }
  graph.layer(0, x);
  for (let i = 0; i < config.layers; i++) {
    x = decoderLayer(x, pass, i);
    if (i + 1 < config.layers) graph.layer(i + 1, x);
  }
  x = pass.norm(x, "norm");
  graph.layer(config.layers, x);
  return x;
}

/** One layer: attention, then the gated feed-forward part, each added to x. */
function decoderLayer(x: Value, pass: DecoderPass, index: number): Value {
  const { graph, config, traits, norm } = pass;
  const { postNorms, onlyPostNorms, fused } = traits;
  const at = `layers.${index}`;
  const normal = onlyPostNorms ? x : norm(x, `${at}.input_layernorm`);
  let change = dense(
    graph,
    decoderAttention(normal, pass, index),
    `${at}.self_attn.o_proj`,
  );
  if (postNorms) change = norm(change, `${at}.post_attention_layernorm`);
  const attended = graph.op("Add", [change, x]);
  // Without norms after the parts, files call this one post_attention_layernorm.
  const before = onlyPostNorms ? attended : norm(
    attended,
    postNorms
      ? `${at}.pre_feedforward_layernorm`
      : `${at}.post_attention_layernorm`,
  );
  const maps = {
    down: `${at}.mlp.down_proj`,
    activation: config.hiddenAct,
  };
  let fed = fused
    ? fusedFeedForward(graph, before, {
      ...maps,
      both: `${at}.mlp.gate_up_proj`,
    })
    : gatedFeedForward(graph, before, {
      ...maps,
      gate: `${at}.mlp.gate_proj`,
      up: `${at}.mlp.up_proj`,
    });
  if (postNorms) fed = norm(fed, `${at}.post_feedforward_layernorm`);
  return graph.op("Add", [fed, attended]);
}

/** What attention mixes of the values, `[B, L, H·D]`. */
function decoderAttention(
  x: Value,
  { graph, config, traits, norm, rope, localRope }: DecoderPass,
  index: number,
): Value {
  const { heads, keyHeads, headSize: size } = config;
  const at = `layers.${index}.self_attn`;
  const window = config.windows[index] ?? null;
  const [q, k, v] = queriesKeysValues(graph, x, { config, traits, at });
  const placed = (y: Value, which: "q" | "k", heads: number) => {
    const name = `${at}.${which}_norm`;
    const { queryKeyNorm } = traits;
    const whole = queryKeyNorm === "whole" ? norm(y, name) : y;
    const split = asHeads(graph, whole, { heads, size });
    const normal = queryKeyNorm === true ? norm(split, name) : split;
    return turned(graph, normal, window === null ? rope : localRope);
  };
  const mixed = graphAttention(graph, {
    q: placed(q, "q", heads),
    k: placed(k, "k", keyHeads),
    v: asHeads(graph, v, { heads: keyHeads, size }),
  }, {
    heads,
    keyHeads,
    scale: config.attentionScale,
    softcap: config.attentionSoftcap,
    biases: [sightBias(graph, sightOf(config, window))],
  });
  return asRows(graph, mixed, heads * size);
}

function queriesKeysValues(
  graph: Graph,
  x: Value,
  { config, traits, at }: {
    config: DecoderConfig;
    traits: DecoderTraits;
    at: string;
  },
): [q: Value, k: Value, v: Value] {
  const { heads, keyHeads, headSize } = config;
  if (!traits.fused) {
    return [
      dense(graph, x, `${at}.q_proj`),
      dense(graph, x, `${at}.k_proj`),
      dense(graph, x, `${at}.v_proj`),
    ];
  }
  const widths = [heads, keyHeads, keyHeads].map((n) => n * headSize);
  return graph.ops(
    "Split",
    [dense(graph, x, `${at}.qkv_proj`), graph.ints(widths)],
    { outputs: 3, attributes: { axis: -1 } },
  ) as [Value, Value, Value];
}

/** Which tokens each token sees in a layer. */
function sightOf(config: DecoderConfig, window: number | null): Sight {
  if (config.causal) {
    return {
      causal: true,
      reach: window === null ? undefined : window - 1,
    };
  }
  if (window === null) return {};
  return {
    reach: windowReach(config) === "half" ? Math.floor(window / 2) : window,
  };
}
