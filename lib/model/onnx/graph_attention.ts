import type { Graph, Value } from "./graph.ts";

/** Options of {@linkcode graphAttention}. */
export interface GraphAttention {
  /** Query heads. */
  heads: number;
  /** Key and value heads. @default {heads} */
  keyHeads?: number;
  /** Factor on the scores. */
  scale: number;
  /** Scores become softcap · tanh(score / softcap). */
  softcap?: number | null;
  /** What is added to the scores, one after the other. */
  biases: readonly Value[];
}

/** Rows `[B, L, H·D]` as heads, `[B, H, L, D]`. */
export function asHeads(
  graph: Graph,
  x: Value,
  { heads, size }: { heads: number; size: number },
): Value {
  const split = graph.op("Reshape", [x, graph.ints([0, 0, heads, size])]);
  return graph.op("Transpose", [split], { perm: [0, 2, 1, 3] });
}

/** Heads `[B, H, L, D]` as rows, `[B, L, H·D]`. */
export function asRows(graph: Graph, x: Value, width: number): Value {
  const rows = graph.op("Transpose", [x], { perm: [0, 2, 1, 3] });
  return graph.op("Reshape", [rows, graph.ints([0, 0, width])]);
}

/** Queries, keys and values, each as heads `[B, H, L, D]`. */
export interface Asked {
  q: Value;
  k: Value;
  v: Value;
}

/** softmax(scale · q kᵀ + biases) v, `[B, H, L, D]`. */
export function graphAttention(
  graph: Graph,
  { q, k, v }: Asked,
  { heads, keyHeads = heads, scale, softcap, biases }: GraphAttention,
): Value {
  const repeated = (x: Value) => repeatedHeads(graph, x, { heads, keyHeads });
  const keys = graph.op("Transpose", [repeated(k)], { perm: [0, 1, 3, 2] });
  let scores = graph.op("MatMul", [q, keys]);
  if (scale !== 1) scores = graph.op("Mul", [scores, graph.floats(scale)]);
  if (softcap) {
    const cap = graph.floats(softcap);
    const bent = graph.op("Tanh", [graph.op("Div", [scores, cap])]);
    scores = graph.op("Mul", [bent, cap]);
  }
  for (const bias of biases) scores = graph.op("Add", [scores, bias]);
  const shares = graph.op("Softmax", [scores], { axis: -1 });
  return graph.op("MatMul", [shares, repeated(v)]);
}

/** Query head h looks at key head ⌊h · keyHeads / heads⌋. */
function repeatedHeads(
  graph: Graph,
  x: Value,
  { heads, keyHeads }: { heads: number; keyHeads: number },
): Value {
  if (heads === keyHeads) return x;
  const which = Array.from(
    { length: heads },
    (_, h) => Math.floor(h * keyHeads / heads),
  );
  return graph.op("Gather", [x, graph.ints(which)], { axis: 1 });
}
