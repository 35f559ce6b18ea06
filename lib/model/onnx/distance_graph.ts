import { distanceBucket, type Distances } from "../families/distance_bias.ts";
import type { Graph, Value } from "./graph.ts";
import { rowsOf } from "./layers.ts";
import { distances } from "./tokens.ts";

/** The bias of every pair of tokens by their distance, `[1, H, L, L]`. */
export function distanceBiasGraph(
  graph: Graph,
  { table, ...shared }: Distances & { table: string },
): Value {
  return graph.once(`distance bias ${table}`, () => {
    // From here on, distances share a row.
    const { far } = shared;
    const rows = Array.from(
      { length: 2 * far + 1 },
      (_, i) => distanceBucket(i - far, shared),
    );
    const near = graph.op("Min", [
      graph.op("Max", [distances(graph), graph.ints(-far)]),
      graph.ints(far),
    ]);
    const row = graph.op("Gather", [
      graph.ints(rows),
      graph.op("Add", [near, graph.ints(far)]),
    ], { axis: 0 }); // [L, L]
    const biases = graph.op("Transpose", [rowsOf(graph, table, row)], {
      perm: [2, 0, 1],
    });
    return graph.op("Unsqueeze", [biases, graph.ints([0])]);
  });
}
