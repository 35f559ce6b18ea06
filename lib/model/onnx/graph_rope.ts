import type { RopeConfig } from "../config/model_config.ts";
import { ropeFrequencies } from "../families/rope.ts";
import type { Graph, Value } from "./graph.ts";
import { places, textLengths } from "./tokens.ts";

/** Cosines and sines of each token's place, `[B, 1, L, D / 2]`. */
export interface GraphRope {
  cos: Value;
  sin: Value;
}

/** The rotary positions of heads of width D. */
export function graphRope(
  graph: Graph,
  rope: RopeConfig,
  D: number,
): GraphRope {
  const { factor } = ropeFrequencies(rope, D);
  const places3 = graph.once("places as floats", () => {
    const floats = graph.op("Cast", [places(graph)], { to: 1 });
    return graph.op("Unsqueeze", [floats, graph.ints([1, 3])]);
  }); // [B, 1, L, 1]
  const angles = graph.op("Mul", [places3, speeds(graph, rope, D)]);
  const stretched = (x: Value) =>
    factor === 1 ? x : graph.op("Mul", [x, graph.floats(factor)]);
  return {
    cos: stretched(graph.op("Cos", [angles])),
    sin: stretched(graph.op("Sin", [angles])),
  };
}

/** Radians per place, `[1, 1, 1, D / 2]`; by text, `[B, 1, 1, D / 2]`. */
function speeds(graph: Graph, rope: RopeConfig, D: number): Value {
  const upTo = (length: number) =>
    graph.floats(ropeFrequencies(rope, D, length).inverse, [1, 1, 1, D / 2]);
  if (rope.type !== "longrope") return upTo(0);
  const { originalMaxPositions = 0 } = rope;
  const isLong = graph.op("Greater", [
    textLengths(graph),
    graph.ints(originalMaxPositions),
  ]); // [B, 1]
  const each = graph.op("Unsqueeze", [isLong, graph.ints([2, 3])]);
  return graph.op("Where", [each, upTo(Infinity), upTo(0)]);
}

/** Heads `[B, H, L, D]`, turned by each token's place. */
export function turned(graph: Graph, x: Value, { cos, sin }: GraphRope): Value {
  const [a, b] = graph.ops("Split", [x], {
    outputs: 2,
    attributes: { axis: -1, num_outputs: 2 },
  }) as [Value, Value];
  const times = (x: Value, y: Value) => graph.op("Mul", [x, y]);
  return graph.op("Concat", [
    graph.op("Sub", [times(a, cos), times(b, sin)]),
    graph.op("Add", [times(b, cos), times(a, sin)]),
  ], { axis: -1 });
}
