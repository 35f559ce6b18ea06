import { alibiSlopes } from "../families/alibi.ts";
import type { Graph, Value } from "./graph.ts";
import { distances } from "./tokens.ts";

/** The bias of every pair of tokens by their distance, `[1, H, L, L]`. */
export function alibiBiasGraph(graph: Graph, heads: number): Value {
  return graph.once("alibi", () => {
    const off = graph.op("Cast", [graph.op("Abs", [distances(graph)])], {
      to: 1,
    });
    const slopes = alibiSlopes(heads).map((slope) => -slope);
    return graph.op("Mul", [
      graph.floats(slopes, [1, heads, 1, 1]),
      off,
    ]);
  });
}
