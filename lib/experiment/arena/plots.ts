import {
  heatmapPlot,
  intervalPlot,
  type PlotSpec,
  scalingPlot,
} from "../../report/mod.ts";
import type { ArenaResult } from "./result.ts";

/** The plots of an arena, as Vega-Lite specifications to show or edit. */
export interface ArenaPlots {
  /** Gain over uniform sampling, task × strategy; absent for uniform alone. */
  gains?: PlotSpec;
  /** Mean gain of each strategy with its interval; absent for uniform alone. */
  intervals?: PlotSpec;
  /** Mean nDCG@10 against the proxy steps that the choice took. */
  cost: PlotSpec;
  /** The weights that each strategy chose, task × strategy. */
  weights: PlotSpec;
}

/**
 * The plots of an arena.
 *
 * @param result Its result.
 * @returns Vega-Lite specifications; `show()` them in a notebook.
 *
 * @example Usage
 * ```ts
 * import { arenaPlots } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof arenaPlots, "function"); // compareMixtures() gives a result
 * ```
 */
export function arenaPlots({ strategies, tasks }: ArenaResult): ArenaPlots {
  const uniform = strategies.find((s) => s.interval === null)!;
  const others = strategies.filter((s) => s.interval !== null);
  const cells = (
    from: typeof strategies,
    value: (s: typeof strategies[number], k: number) => number,
  ) =>
    tasks.flatMap(({ name }, k) =>
      from.map((s) => ({ task: name, arm: s.name, value: value(s, k) }))
    );
  const compared = others.length > 0;
  return {
    gains: compared
      ? heatmapPlot(cells(others, (s, k) => s.deltas[k]!), {
        metric: "difference in nDCG@10 to uniform",
        signed: true,
      })
      : undefined,
    intervals: compared
      ? intervalPlot(
        others.map(({ name, difference, interval, pHolm }) => ({
          name,
          difference,
          low: interval![0],
          high: interval![1],
          note: pHolm === null ? undefined : `p ${pHolm.toFixed(3)}`,
        })),
      )
      : undefined,
    cost: scalingPlot(
      strategies.map((s) => ({
        arm: s.name,
        size: s.proxySteps,
        quality: s.mean,
        low: s.interval ? uniform.mean + s.interval[0] : undefined,
        high: s.interval ? uniform.mean + s.interval[1] : undefined,
      })),
      {
        sizeName: "proxy steps of one seed",
        qualityName: "mean nDCG@10 (0 to 1)",
      },
    ),
    weights: heatmapPlot(cells(strategies, (s, k) => s.weights[k]!), {
      metric: "weight (no unit; mean over the seeds; each column sums to 1)",
      signed: false,
      mean: false,
    }),
  };
}
