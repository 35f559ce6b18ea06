import type { BertNames } from "../families/bert_layers.ts";
import type { BertSizes } from "../config/model_config.ts";
import type { Graph, Value } from "./graph.ts";
import {
  asHeads,
  type Asked,
  asRows,
  graphAttention,
} from "./graph_attention.ts";
import { dense, fusedFeedForward, layerNorm, rowsOf } from "./layers.ts";
import { paddingBias } from "./tokens.ts";

/** What {@linkcode bertGraph} needs beside the parameters. */
export interface BertGraph {
  config: BertSizes;
  /** Names of the maps. */
  names: BertNames;
  /** Position of each token in the table, `[B, L]`; absent: there is none. */
  positions?: Value | undefined;
  /**
   * Whether there are token types: an input, or 0 everywhere, or none.
   *
   * @default {"none"}
   */
  types?: "input" | "zero" | "none";
  /** Added to the attention scores of the layer called `at`, `[B, H, L, L]`. */
  bias?: (asked: Asked, at: string) => Value;
  /** Factor on the scores before that. @default {1 / √D} */
  scale?: number;
}

/** The graph of BERT and its relatives; hidden states `[B, L, D]`. */
export function bertGraph(graph: Graph, bert: BertGraph): Value {
  let x = embeddings(graph, bert);
  graph.layer(0, x);
  for (let i = 0; i < bert.config.layers; i++) {
    x = bertLayer(graph, x, { ...bert, at: bert.names.layer(i) });
    graph.layer(i + 1, x);
  }
  return x;
}

/** Sum of the embeddings of words, positions and types, normalised. */
function embeddings(
  graph: Graph,
  { config, names, positions, types = "none" }: BertGraph,
): Value {
  const rows = (table: string, ids: Value) =>
    rowsOf(graph, `embeddings.${table}_embeddings.weight`, ids);
  let placed = positions && rows("position", positions);
  if (types !== "none") {
    const ids = types === "input" ? graph.types() : graph.ints(0);
    const type = rows("token_type", ids);
    placed = placed ? graph.op("Add", [placed, type]) : type;
  }
  const words = rows("word", graph.ids);
  const sum = placed ? graph.op("Add", [words, placed]) : words;
  const normal = layerNorm(
    graph,
    sum,
    "embeddings.LayerNorm",
    config.layerNormEps,
  );
  return names.project ? dense(graph, normal, names.project) : normal;
}

/** One layer: attention, then the feed-forward part, a norm after each. */
function bertLayer(
  graph: Graph,
  x: Value,
  { config, names, bias, at, ...more }: BertGraph & { at: string },
): Value {
  const { hiddenSize: D, heads, layerNormEps: eps } = config;
  const size = D / heads;
  const { scale = 1 / Math.sqrt(size) } = more;
  const heads4d = (name: string) =>
    asHeads(graph, dense(graph, x, `${at}.${name}`), { heads, size });
  const asked = {
    q: heads4d(names.query),
    k: heads4d(names.key),
    v: heads4d(names.value),
  };
  const mixed = graphAttention(graph, asked, {
    heads,
    scale,
    biases: [...bias ? [bias(asked, at)] : [], paddingBias(graph)],
  });
  const change = dense(graph, asRows(graph, mixed, D), `${at}.${names.out}`);
  const attended = layerNorm(
    graph,
    graph.op("Add", [change, x]),
    `${at}.${names.norm}`,
    eps,
  );
  const [inner, outer] = [`${at}.${names.inner}`, `${at}.${names.outer}`];
  const fed = names.gated
    ? fusedFeedForward(graph, attended, {
      both: inner,
      down: outer,
      activation: "gelu",
    })
    : dense(graph, dense(graph, attended, inner, config.hiddenAct), outer);
  return layerNorm(
    graph,
    graph.op("Add", [fed, attended]),
    `${at}.${names.lastNorm}`,
    eps,
  );
}

/**
 * Positions as RoBERTa counts them: from the padding id + 1, and only tokens
 * that aren't the padding token.
 */
export function placesAfterPad(graph: Graph, padId: number): Value {
  const isPad = graph.op("Equal", [graph.ids, graph.ints(padId)]);
  const counted = graph.op("Where", [isPad, graph.ints(0), graph.mask]);
  const count = graph.op("CumSum", [counted, graph.ints(1)]);
  return graph.op("Add", [
    graph.op("Mul", [count, counted]),
    graph.ints(padId),
  ]);
}
