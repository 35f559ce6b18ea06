import type { RotaryBertConfig } from "../config/model_config.ts";
import type { Graph, Value } from "./graph.ts";
import { asHeads, asRows, graphAttention } from "./graph_attention.ts";
import { type GraphRope, graphRope, turned } from "./graph_rope.ts";
import { dense, gatedFeedForward, layerNorm, rowsOf } from "./layers.ts";
import { paddingBias } from "./tokens.ts";

/** The graph of NomicBERT and GTE; hidden states `[B, L, D]`. */
export function rotaryBertGraph(
  graph: Graph,
  config: RotaryBertConfig,
): Value {
  const rope = graphRope(graph, config.rope, config.headSize);
  const norm = (x: Value, name: string) =>
    layerNorm(graph, x, name, config.layerNormEps);
  const rows = (table: string, ids: Value) =>
    rowsOf(graph, `embeddings.${table}_embeddings.weight`, ids);
  const words = rows("word", graph.ids);
  const sum = config.typeVocabSize > 0
    ? graph.op("Add", [words, rows("token_type", graph.types())])
    : words;
  let x = norm(sum, "embeddings.LayerNorm");
  graph.layer(0, x);
  for (let i = 0; i < config.layers; i++) {
    const at = `layers.${i}`;
    const change = attended(graph, x, { config, rope, at: `${at}.self_attn` });
    const first = norm(
      graph.op("Add", [change, x]),
      `${at}.post_attention_layernorm`,
    );
    const fed = gatedFeedForward(graph, first, {
      gate: `${at}.mlp.gate_proj`,
      up: `${at}.mlp.up_proj`,
      down: `${at}.mlp.down_proj`,
      activation: config.hiddenAct,
    });
    x = norm(graph.op("Add", [fed, first]), `${at}.post_mlp_layernorm`);
    graph.layer(i + 1, x);
  }
  return x;
}

function attended(
  graph: Graph,
  x: Value,
  { config, rope, at }: {
    config: RotaryBertConfig;
    rope: GraphRope;
    at: string;
  },
): Value {
  const { heads, headSize: size } = config;
  const asked = (which: string) =>
    asHeads(graph, dense(graph, x, `${at}.${which}_proj`), { heads, size });
  const mixed = graphAttention(graph, {
    q: turned(graph, asked("q"), rope),
    k: turned(graph, asked("k"), rope),
    v: asked("v"),
  }, { heads, scale: size ** -0.5, biases: [paddingBias(graph)] });
  return dense(graph, asRows(graph, mixed, heads * size), `${at}.o_proj`);
}
