import type { Graph, Value } from "./graph.ts";

/** Functions that layers apply to each number. */
export type GraphActivation =
  | "gelu"
  | "gelu_new"
  | "gelu_tanh"
  | "relu"
  | "silu"
  | "tanh"
  | "identity";

/** Rows of the table called `name`. */
export function rowsOf(graph: Graph, name: string, ids: Value): Value {
  return graph.op("Gather", [graph.parameter(name), ids], { axis: 0 });
}

/** The affine map whose weight and bias (if any) are called `name`. */
export function dense(
  graph: Graph,
  x: Value,
  name: string,
  activation: GraphActivation = "identity",
): Value {
  const weight = graph.parameter(`${name}.weight`, { transposed: true });
  const product = graph.op("MatMul", [x, weight]);
  const bias = `${name}.bias`;
  const y = graph.has(bias)
    ? graph.op("Add", [product, graph.parameter(bias)])
    : product;
  return activated(graph, y, activation);
}

/** A function on each number. */
export function activated(
  graph: Graph,
  x: Value,
  activation: GraphActivation,
): Value {
  switch (activation) {
    case "identity":
      return x;
    case "gelu":
      return graph.op("Gelu", [x]);
    case "gelu_new":
    case "gelu_tanh":
      return graph.op("Gelu", [x], { approximate: "tanh" });
    case "relu":
      return graph.op("Relu", [x]);
    case "silu":
      return graph.op("Mul", [x, graph.op("Sigmoid", [x])]);
    case "tanh":
      return graph.op("Tanh", [x]);
  }
}

/** The layer norm called `name`, with a bias or without. */
export function layerNorm(
  graph: Graph,
  x: Value,
  name: string,
  eps: number,
): Value {
  const bias = `${name}.bias`;
  const inputs = [x, graph.parameter(`${name}.weight`)];
  if (graph.has(bias)) inputs.push(graph.parameter(bias));
  return graph.op("LayerNormalization", inputs, {
    axis: -1,
    epsilon: { float: eps },
  });
}

/**
 * The RMS norm called `name`, over the last axis; in the form that onnxruntime
 * fuses to one operation.
 */
export function rmsNorm(
  graph: Graph,
  x: Value,
  name: string,
  { eps, addOne = false }: { eps: number; addOne?: boolean },
): Value {
  const square = graph.op("Pow", [x, graph.floats(2)]);
  const mean = graph.op("ReduceMean", [square, graph.ints([-1])]);
  const root = graph.op("Sqrt", [graph.op("Add", [mean, graph.floats(eps)])]);
  const gain = graph.parameter(
    `${name}.weight`,
    addOne ? { plusOne: true } : {},
  );
  return graph.op("Mul", [gain, graph.op("Div", [x, root])]);
}

/** down(f(gate(x)) · up(x)), of the maps with these names. */
export function gatedFeedForward(
  graph: Graph,
  x: Value,
  { gate, up, down, activation }: {
    gate: string;
    up: string;
    down: string;
    activation: GraphActivation;
  },
): Value {
  const open = dense(graph, x, gate, activation);
  return dense(graph, graph.op("Mul", [open, dense(graph, x, up)]), down);
}

/** As gatedFeedForward, where one map gives gate and up, side by side. */
export function fusedFeedForward(
  graph: Graph,
  x: Value,
  { both, down, activation, first = "gate" }: {
    both: string;
    down: string;
    activation: GraphActivation;
    first?: "gate" | "up";
  },
): Value {
  const halves = graph.ops("Split", [dense(graph, x, both)], {
    outputs: 2,
    attributes: { axis: -1, num_outputs: 2 },
  }) as [Value, Value];
  const [gate, up] = first === "gate" ? halves : halves.toReversed();
  const open = activated(graph, gate!, activation);
  return dense(graph, graph.op("Mul", [open, up!]), down);
}

/** x, divided by its length along the last axis. */
export function normalized(graph: Graph, x: Value): Value {
  const norm = graph.op("ReduceL2", [x, graph.ints([-1])]);
  // Norms below this count as this (spec section 4).
  return graph.op("Div", [x, graph.op("Max", [norm, graph.floats(1e-12)])]);
}
