import { mean } from "../../base/mean.ts";
import {
  devPlot,
  heatmapPlot,
  intervalPlot,
  type PlotSpec,
  scalingPlot,
} from "../../report/mod.ts";
import { devPeaks } from "../dev/dev_peaks.ts";
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
  /** Mean nDCG@10 on dev queries while training, by strategy; absent without any. */
  dev?: PlotSpec;
  /** What each task lost since its best there, task × strategy. */
  devLost?: PlotSpec;
}

/**
 * The plots of an arena.
 *
 * @param result Its result.
 * @returns Vega-Lite specifications; `show()` them in a notebook.
 *
 * @example Usage
 * ```ts
 * import { type ArenaResult, type ArenaStrategy, arenaPlots } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const uniform = {
 *   name: "uniform", source: "", formula: "1 / K", failsWhen: "", warnings: [],
 *   mean: 0.3, tasks: [0.2, 0.4], worst: { task: "faq", ndcg: 0.2 }, deltas: [0, 0], difference: 0,
 *   interval: null, p: null, pHolm: null, seedMeans: [0.3], seedDeviation: null, weights: [0.5, 0.5],
 *   dataUsed: 1, rowsSeen: 1, proxySteps: 0, referenceSteps: 0, seconds: 9,
 * };
 * const tdro: ArenaStrategy = {
 *   ...uniform, name: "tdro", mean: 0.4, tasks: [0.4, 0.4], deltas: [0.2, 0], difference: 0.1,
 *   interval: [0.05, 0.15], p: 0.01, pHolm: 0.01, weights: [0.8, 0.2], proxySteps: 50,
 * };
 * const arena: ArenaResult = { // what compareMixtures() writes to arena.json
 *   format: "tdro-arena/1", suite: "mine", tasks: [{ name: "faq", size: 90 }, { name: "code", size: 90 }],
 *   steps: 50, budget: 50, seeds: [1], backend: "wasm", strategies: [uniform, tdro], arms: [], versions: {},
 * };
 * const { gains, intervals, cost, weights } = arenaPlots(arena);
 * assert.ok([gains, intervals, cost, weights].every((plot) => plot?.$schema));
 * ```
 */
export function arenaPlots(result: ArenaResult): ArenaPlots {
  const { strategies, tasks } = result;
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
      leastSpan: 1 / tasks.length,
    }),
    ...devPlots(result),
  };
}

/** What evaluations while training show, if there were any. */
function devPlots(
  { arms, tasks, strategies }: ArenaResult,
): Pick<ArenaPlots, "dev" | "devLost"> {
  const courses = arms.filter(({ course }) => course);
  if (courses.length === 0) return {};
  const peaks = courses.flatMap(({ strategy, course }) =>
    devPeaks(course!, () => strategy)
  );
  const lost = (strategy: string, task: string) => {
    const own = peaks.filter((p) => p.arm === strategy && p.task === task);
    return own.length === 0 ? null : -mean(own.map((peak) => peak.lost));
  };
  return {
    dev: devPlot(
      courses.flatMap(({ strategy, seed, course }) =>
        course!.map(({ step, mean }) => ({
          arm: strategy,
          seed,
          step,
          ndcg: mean,
        }))
      ),
    ),
    devLost: heatmapPlot(
      tasks.flatMap(({ name: task }) =>
        strategies.map(({ name: arm }) => //
        ({ task, arm, value: lost(arm, task) }))
      ),
      { metric: "dev nDCG@10 at the end minus its best", signed: true },
    ),
  };
}
