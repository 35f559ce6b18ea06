import type { T5Config } from "../config/model_config.ts";
import { distanceBiasGraph } from "./distance_graph.ts";
import type { Graph, Value } from "./graph.ts";
import { asHeads, asRows, graphAttention } from "./graph_attention.ts";
import { dense, gatedFeedForward, rmsNorm, rowsOf } from "./layers.ts";
import { paddingBias } from "./tokens.ts";

/** The graph of T5's encoder; hidden states `[B, L, D]`. */
export function t5Graph(
  graph: Graph,
  config: T5Config,
  { table }: { table: string },
): Value {
  const norm = (x: Value, name: string) =>
    rmsNorm(graph, x, name, { eps: config.rmsNormEps });
  let x = rowsOf(graph, "shared.weight", graph.ids);
  graph.layer(0, x);
  for (let i = 0; i < config.layers; i++) {
    const at = `encoder.block.${i}.layer`;
    const mixed = attended(graph, norm(x, `${at}.0.layer_norm`), {
      config,
      table,
      at: `${at}.0.SelfAttention`,
    });
    x = graph.op("Add", [mixed, x]);
    const inner = norm(x, `${at}.1.layer_norm`);
    const fed = feedForward(graph, inner, config, `${at}.1.DenseReluDense`);
    x = graph.op("Add", [fed, x]);
    if (i + 1 < config.layers) graph.layer(i + 1, x);
  }
  x = norm(x, "encoder.final_layer_norm");
  graph.layer(config.layers, x);
  return x;
}

function attended(
  graph: Graph,
  x: Value,
  { config, table, at }: { config: T5Config; table: string; at: string },
): Value {
  const { heads, headSize: size } = config;
  const asked = (which: string) =>
    asHeads(graph, dense(graph, x, `${at}.${which}`), { heads, size });
  const bias = distanceBiasGraph(graph, {
    table,
    buckets: config.distanceBuckets,
    far: config.farthest,
  });
  const mixed = graphAttention(
    graph,
    { q: asked("q"), k: asked("k"), v: asked("v") },
    { heads, scale: 1, biases: [bias, paddingBias(graph)] },
  );
  return dense(graph, asRows(graph, mixed, heads * size), `${at}.o`);
}

function feedForward(
  graph: Graph,
  x: Value,
  { gated, hiddenAct: activation }: T5Config,
  at: string,
): Value {
  const down = `${at}.wo`;
  if (!gated) {
    return dense(graph, dense(graph, x, `${at}.wi`, activation), down);
  }
  return gatedFeedForward(graph, x, {
    gate: `${at}.wi_0`,
    up: `${at}.wi_1`,
    down,
    activation,
  });
}
