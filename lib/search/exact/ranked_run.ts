import { compareCodePoints } from "../../base/compare_code_points.ts";
import type { Run } from "../../data/types.ts";
import type { RankedHeap, TieOrder } from "./ranked_heap.ts";

/** At equal scores the row with the larger id comes first, as trec_eval has it. */
export function largerIdFirst(ids: readonly string[]): TieOrder {
  return (a, b) => compareCodePoints(ids[b]!, ids[a]!);
}

/** {@linkcode largerIdFirst} for searches whose scores tie often: ids are sorted once. */
export function rankedTies(ids: readonly string[]): TieOrder {
  const order = Array.from(ids.keys());
  order.sort(largerIdFirst(ids));
  const rank = new Int32Array(ids.length);
  order.forEach((row, place) => rank[row] = place);
  return (a, b) => rank[a]! - rank[b]!;
}

/** What the heaps keep, as a run. */
export function rankedRun(
  heaps: readonly RankedHeap[],
  { queries, passages }: {
    /** Ids of the queries, one a heap. */
    queries: readonly string[];
    /** Ids of the rows. */
    passages: readonly string[];
  },
): Run {
  return new Map(heaps.map((heap, q) => {
    const { rows, scores } = heap.ranked();
    const list = new Map<string, number>();
    rows.forEach((row, i) => list.set(passages[row]!, scores[i]!));
    return [queries[q]!, list];
  }));
}

/** Notes ids, and throws at one that it has noted before. */
export function checkDistinct(
  kind: string,
  ids: readonly string[],
  seen: Set<string>,
): void {
  for (const id of ids) {
    if (seen.has(id)) {
      throw new RangeError(
        `Cannot search: ${kind} ids must differ: got "${id}" twice`,
      );
    }
    seen.add(id);
  }
}
