import type { EvalReport } from "../../eval/mod.ts";
import { meanInterval } from "../mean_interval.ts";
import { METRIC } from "../summary.ts";
import { ends } from "../task_intervals.ts";

/** A row for each task and one for their mean, with intervals of nDCG@10. */
export function scoreRows(
  { tasks, mean }: EvalReport,
  seed: number,
): Record<string, unknown>[] {
  const queries = tasks.map(({ perQuery }) => perQuery[METRIC]!);
  const rows = tasks.map(({ task, mean }, k) => {
    const { low, high } = ends(queries[k]!, seed);
    const count = queries[k]!.length;
    return { task, queries: count, ...cells(mean, [low, high]) };
  });
  const count = queries.reduce((sum, { length }) => sum + length, 0);
  const all = cells(mean, meanInterval(queries, seed));
  return [...rows, { task: "mean", queries: count, ...all }];
}

function cells(
  mean: Readonly<Record<string, number>>,
  [low, high]: readonly [number, number],
): Record<string, number | string> {
  const { [METRIC]: value, ...others } = mean;
  return {
    [METRIC]: value!,
    "95 % interval": `${low.toFixed(4)} to ${high.toFixed(4)}`,
    ...others,
  };
}
