import type { Graph, Value } from "./graph.ts";

/** The mask as floats, `[B, L]`. */
export function maskFloats(graph: Graph): Value {
  return graph.once(
    "mask floats",
    () => graph.op("Cast", [graph.mask], { to: 1 }),
  );
}

/** How many tokens there are up to each, itself included, `[B, L]`. */
export function tokensUpTo(graph: Graph): Value {
  return graph.once(
    "tokens up to",
    () => graph.op("CumSum", [graph.mask, graph.ints(1)]),
  );
}

/**
 * Place of each token in its text, from 0, `[B, L]`; the same on whichever side
 * the padding is. What padding gets doesn't matter.
 */
export function places(graph: Graph): Value {
  return graph.once("places", () => {
    const before = graph.op("Sub", [tokensUpTo(graph), graph.ints(1)]);
    return graph.op("Max", [before, graph.ints(0)]);
  });
}

/** Tokens of each text, `[B, 1]`. */
export function textLengths(graph: Graph): Value {
  return graph.once(
    "text lengths",
    () => graph.op("ReduceSum", [graph.mask, graph.ints([1])]),
  );
}

/** How far key j is after query i, j − i, `[L, L]`. */
export function distances(graph: Graph): Value {
  return graph.once("distances", () => {
    const length = graph.op("Squeeze", [
      graph.op("Shape", [graph.ids], { start: 1, end: 2 }),
      graph.ints([0]),
    ]);
    const range = graph.op("Range", [graph.ints(0), length, graph.ints(1)]);
    return graph.op("Sub", [
      graph.op("Unsqueeze", [range, graph.ints([0])]),
      graph.op("Unsqueeze", [range, graph.ints([1])]),
    ]);
  });
}

/** Added to scores of keys that must not be seen: as in our own attention. */
const HIDDEN = -1e9;

/** What hides padding from all, `[B, 1, 1, L]`. */
export function paddingBias(graph: Graph): Value {
  return graph.once("padding bias", () => {
    const none = graph.op("Equal", [graph.mask, graph.ints(0)]);
    return graph.op("Unsqueeze", [
      hiding(graph, none),
      graph.ints([1, 2]),
    ]);
  });
}

/** Which keys a token sees, beside padding. */
export interface Sight {
  /** Not those after it. */
  causal?: boolean | undefined;
  /** Not those that are further away than this. */
  reach?: number | undefined;
}

/** What hides padding, and keys that are out of sight, `[B, 1, L, L]` or alike. */
export function sightBias(graph: Graph, { causal, reach }: Sight): Value {
  const padding = paddingBias(graph);
  if (!causal && reach === undefined) return padding;
  return graph.once(`sight ${causal} ${reach}`, () => {
    const from = distances(graph);
    const hidden: Value[] = [];
    if (causal) hidden.push(graph.op("Greater", [from, graph.ints(0)]));
    if (reach !== undefined) {
      const off = graph.op("Abs", [from]);
      hidden.push(graph.op("Greater", [off, graph.ints(reach)]));
    }
    const any = hidden.length === 1 ? hidden[0]! : graph.op("Or", hidden);
    return graph.op("Add", [padding, hiding(graph, any)]);
  });
}

function hiding(graph: Graph, where: Value): Value {
  return graph.op("Where", [where, graph.floats(HIDDEN), graph.floats(0)]);
}
