import { isOnTokens, mapName, NORM_EPS } from "../config/module_maps.ts";
import {
  type ModuleMap,
  type ModulesConfig,
  type Pooling,
  poolings,
} from "../config/modules.ts";
import type { Graph, Value } from "./graph.ts";
import { dense, layerNorm, normalized } from "./layers.ts";
import { maskFloats, textLengths, tokensUpTo } from "./tokens.ts";

/** From hidden states `[B, L, D]` to a vector for each text, `[B, D]`. */
export function embeddingGraph(
  graph: Graph,
  hidden: Value,
  modules: ModulesConfig,
): Value {
  const mixed = modules.layerMix
    ? averagedLayers(graph, modules.layerMix)
    : hidden;
  const tokens = mapped(graph, mixed, modules, "tokens");
  const parts = poolings(modules).map((rule) => pooled(graph, tokens, rule));
  const whole = parts.length === 1
    ? parts[0]!
    : graph.op("Concat", parts, { axis: -1 });
  const vectors = mapped(graph, whole, modules, "texts");
  const kept = modules.dim === undefined ? vectors : graph.op("Slice", [
    vectors,
    graph.ints([0]),
    graph.ints([modules.dim]),
    graph.ints([1]),
  ]);
  return modules.normalize ? normalized(graph, kept) : kept;
}

/** The weighted mean of layers. */
function averagedLayers(
  graph: Graph,
  { start, weights }: NonNullable<ModulesConfig["layerMix"]>,
): Value {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.flatMap((weight, i) =>
    weight === 0 ? [] : [graph.op("Mul", [
      graph.layers[start + i]!,
      graph.floats(weight / total),
    ])]
  ).reduce((sum, part) => graph.op("Add", [sum, part]));
}

/** The maps on tokens, or on texts. */
function mapped(
  graph: Graph,
  x: Value,
  { maps = [] }: ModulesConfig,
  on: "tokens" | "texts",
): Value {
  return maps.reduce(
    (x, map, i) =>
      isOnTokens(map) === (on === "tokens")
        ? mappedBy(graph, x, map, mapName(i))
        : x,
    x,
  );
}

function mappedBy(
  graph: Graph,
  x: Value,
  map: ModuleMap,
  name: string,
): Value {
  switch (map.kind) {
    case "dense": {
      const y = dense(graph, x, `${name}.linear`, map.activation);
      if (!map.residual) return y;
      const came = map.in === map.out ? x : dense(graph, x, `${name}.residual`);
      return graph.op("Add", [y, came]);
    }
    case "layerNorm":
      return layerNorm(graph, x, `${name}.norm`, NORM_EPS);
    case "normalize":
      return normalized(graph, x);
    case "dropout":
      return x;
  }
}

/** One vector for each text; one without tokens gets zeros. */
function pooled(graph: Graph, tokens: Value, rule: Pooling): Value {
  if (rule === "max") return largest(graph, tokens);
  const weights = graph.op("Unsqueeze", [
    weightsOf(graph, rule),
    graph.ints([1]),
  ]); // [B, 1, L]
  const sum = graph.op("MatMul", [weights, tokens]);
  return graph.op("Squeeze", [sum, graph.ints([1])]);
}

/** Weight of each token in its text's vector, `[B, L]`. */
function weightsOf(graph: Graph, rule: Exclude<Pooling, "max">): Value {
  const mask = maskFloats(graph);
  const asFloats = (x: Value) => graph.op("Cast", [x], { to: 1 });
  const shared = (x: Value, by: Value) =>
    graph.op("Div", [x, graph.op("Max", [by, graph.floats(1)])]);
  const only = (place: Value) =>
    graph.op("Mul", [
      asFloats(graph.op("Equal", [tokensUpTo(graph), place])),
      mask,
    ]);
  switch (rule) {
    case "mean":
      return shared(mask, asFloats(textLengths(graph)));
    case "meanSqrtLength":
      return shared(mask, graph.op("Sqrt", [asFloats(textLengths(graph))]));
    case "weightedMean": {
      const counts = graph.op("Mul", [asFloats(tokensUpTo(graph)), mask]);
      return shared(
        counts,
        graph.op("ReduceSum", [counts, graph.ints([1])]),
      );
    }
    case "cls":
      return only(graph.ints(1));
    case "lastToken":
      return only(textLengths(graph));
  }
}

/** The largest number of each component among the tokens. */
function largest(graph: Graph, tokens: Value): Value {
  const each = graph.op("Unsqueeze", [graph.mask, graph.ints([2])]);
  const none = graph.op("Equal", [each, graph.ints(0)]);
  const seen = graph.op("Where", [none, graph.floats(-1e9), tokens]);
  const most = graph.op("ReduceMax", [seen, graph.ints([1])], { keepdims: 0 });
  const empty = graph.op("Equal", [textLengths(graph), graph.ints(0)]);
  return graph.op("Where", [empty, graph.floats(0), most]);
}
