import type { ModernBertConfig } from "../config/model_config.ts";
import type { Graph, Value } from "./graph.ts";
import { asHeads, asRows, graphAttention } from "./graph_attention.ts";
import { type GraphRope, graphRope, turned } from "./graph_rope.ts";
import { dense, fusedFeedForward, layerNorm, rowsOf } from "./layers.ts";
import { sightBias } from "./tokens.ts";

/** The graph of ModernBERT; hidden states `[B, L, D]`. */
export function modernbertGraph(
  graph: Graph,
  config: ModernBertConfig,
): Value {
  const D = config.hiddenSize / config.heads;
  const rope = graphRope(graph, config.rope, D);
  const localRope = graphRope(graph, config.localRope, D);
  const norm = (x: Value, name: string) =>
    layerNorm(graph, x, name, config.layerNormEps);
  const words = "embeddings.tok_embeddings.weight";
  let x = norm(rowsOf(graph, words, graph.ids), "embeddings.norm");
  graph.layer(0, x);
  for (let i = 0; i < config.layers; i++) {
    const at = `layers.${i}`;
    const windowed = config.windowed[i]!;
    // The embeddings were normalised just before.
    const normal = i === 0 ? x : norm(x, `${at}.attn_norm`);
    const mixed = attended(graph, normal, {
      config,
      name: `${at}.attn.Wqkv`,
      rope: windowed ? localRope : rope,
      reach: windowed ? Math.floor(config.window / 2) : undefined,
    });
    x = graph.op("Add", [dense(graph, mixed, `${at}.attn.Wo`), x]);
    const fed = fusedFeedForward(graph, norm(x, `${at}.mlp_norm`), {
      both: `${at}.mlp.Wi`,
      down: `${at}.mlp.Wo`,
      activation: config.hiddenAct,
    });
    x = graph.op("Add", [fed, x]);
    if (i + 1 < config.layers) graph.layer(i + 1, x);
  }
  x = norm(x, "final_norm");
  graph.layer(config.layers, x);
  return x;
}

function attended(
  graph: Graph,
  x: Value,
  { config, name, rope, reach }: {
    config: ModernBertConfig;
    name: string;
    rope: GraphRope;
    reach: number | undefined;
  },
): Value {
  const { heads, hiddenSize } = config;
  const size = hiddenSize / heads;
  const [q, k, v] = graph.ops("Split", [dense(graph, x, name)], {
    outputs: 3,
    attributes: { axis: -1, num_outputs: 3 },
  }).map((part) => asHeads(graph, part, { heads, size })) as [
    Value,
    Value,
    Value,
  ];
  const mixed = graphAttention(
    graph,
    { q: turned(graph, q, rope), k: turned(graph, k, rope), v },
    { heads, scale: size ** -0.5, biases: [sightBias(graph, { reach })] },
  );
  return asRows(graph, mixed, hiddenSize);
}
