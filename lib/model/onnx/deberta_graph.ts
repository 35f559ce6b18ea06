import type { DebertaConfig } from "../config/model_config.ts";
import type { BertNames } from "../families/bert_layers.ts";
import { debertaRow, debertaScale } from "../families/deberta_distance.ts";
import { bertGraph } from "./bert_graph.ts";
import type { Graph, Value } from "./graph.ts";
import type { Asked } from "./graph_attention.ts";
import { dense, layerNorm } from "./layers.ts";
import { distances, places } from "./tokens.ts";

/** Names of what distances have of their own. */
interface DistanceNames {
  table: string;
  norm: string;
  own: readonly [keys: string, queries: string];
  shared: readonly [keys: string, queries: string];
}

/** What {@linkcode debertaGraph} needs beside the sizes. */
interface DebertaNames {
  names: BertNames;
  distances: DistanceNames;
}

/** The graph of DeBERTa; hidden states `[B, L, D]`. */
export function debertaGraph(
  graph: Graph,
  config: DebertaConfig,
  { names, distances }: DebertaNames,
): Value {
  return bertGraph(graph, {
    config,
    names,
    positions: config.positionTable ? places(graph) : undefined,
    types: config.typeVocabSize > 0 ? "input" : "none",
    scale: debertaScale(config),
    bias: (asked, at) =>
      distanceScores(graph, asked, { config, distances, at }),
  });
}

/** Scores of contents with distances, `[B, H, L, L]`. */
function distanceScores(
  graph: Graph,
  { q, k }: Asked,
  { config, distances, at }: {
    config: DebertaConfig;
    distances: DistanceNames;
    at: string;
  },
): Value {
  const { looking, sharedMaps } = config;
  const [keys, queries] = sharedMaps ? distances.shared : distances.own;
  const scores: Value[] = [];
  const rows = (map: string) =>
    rowsByHead(graph, `${at}.${map}`, { config, distances });
  if (looking.queries) {
    scores.push(pairScores(graph, q, { rows: rows(keys), config }));
  }
  if (looking.keys) {
    const turned = pairScores(graph, k, {
      rows: rows(queries),
      config,
      turned: true,
    });
    scores.push(graph.op("Transpose", [turned], { perm: [0, 1, 3, 2] }));
  }
  if (scores.length === 0) return graph.floats(0);
  const sum = scores.reduce((a, b) => graph.op("Add", [a, b]));
  return graph.op("Mul", [sum, graph.floats(debertaScale(config))]);
}

/** The rows of all distances through a map, `[H, D, R]`. */
function rowsByHead(
  graph: Graph,
  map: string,
  { config, distances: { table, norm } }: {
    config: DebertaConfig;
    distances: DistanceNames;
  },
): Value {
  const { heads, hiddenSize, span, layerNormEps, distanceNorm } = config;
  const rows = graph.once("rows of distances", () => {
    const all = graph.parameter(table);
    return distanceNorm ? layerNorm(graph, all, norm, layerNormEps) : all;
  });
  const split = graph.op("Reshape", [
    dense(graph, rows, map),
    graph.ints([2 * span, heads, hiddenSize / heads]),
  ]);
  return graph.op("Transpose", [split], { perm: [1, 2, 0] });
}

/** Scores of contents with the distance of each pair, `[B, H, L, L]`. */
function pairScores(
  graph: Graph,
  content: Value,
  { rows, config, turned = false }: {
    rows: Value;
    config: DebertaConfig;
    /** Whether the other token of a pair is the query. */
    turned?: boolean;
  },
): Value {
  const each = graph.op("MatMul", [content, rows]); // [B, H, L, R]
  const pairs = graph.once(`rows of pairs ${turned}`, () => {
    const row = rowOfPairs(graph, config);
    return turned ? graph.op("Transpose", [row], { perm: [1, 0] }) : row;
  });
  // As many batches and heads as there are.
  const sizes = graph.op("Concat", [
    graph.op("Shape", [content], { start: 0, end: 3 }),
    graph.op("Shape", [content], { start: 2, end: 3 }),
  ], { axis: 0 });
  return graph.op("GatherElements", [
    each,
    graph.op("Expand", [pairs, sizes]),
  ], { axis: 3 });
}

/** Which row of the table each pair of tokens takes, `[L, L]`. */
function rowOfPairs(graph: Graph, config: DebertaConfig): Value {
  return graph.once("row of pairs", () => {
    const most = Math.max(config.maxPositions, config.span);
    const rows = Array.from(
      { length: 2 * most + 1 },
      // Here distances are from the query to the key.
      (_, i) => debertaRow(most - i, config),
    );
    return graph.op("Gather", [
      graph.ints(rows),
      graph.op("Add", [distances(graph), graph.ints(most)]),
    ], { axis: 0 });
  });
}
