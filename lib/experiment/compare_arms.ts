import { mean } from "../base/mean.ts";
import type { EvalReport } from "../eval/mod.ts";
import { createRng } from "../sampling/mod.ts";
import { type ArmDifference, METRIC } from "./summary.ts";

/** Bootstrap samples: the 2.5 % quantile then rests on 50 of them. */
const RESAMPLES = 2000;

/**
 * Compares an arm with the baseline by the mean over tasks, each counting the
 * same: percentile bootstrap over the paired queries, drawn within each task.
 */
export function compareArms(
  arm: EvalReport,
  baseline: EvalReport,
  seed: number,
): ArmDifference {
  const differences = arm.tasks.map((task, k) => {
    const before = baseline.tasks[k]!.perQuery[METRIC]!;
    return task.perQuery[METRIC]!.map((value, i) => value - before[i]!);
  });
  const means = differences.map(mean);
  const rng = createRng(seed, "experiment/bootstrap");
  const samples = Array.from(
    { length: RESAMPLES },
    () =>
      mean(differences.map((values) => {
        let sum = 0;
        for (let i = 0; i < values.length; i++) {
          sum += values[rng.int(values.length)]!;
        }
        return sum / values.length;
      })),
  ).sort((a, b) => a - b);
  const quantile = (p: number) => samples[Math.round(p * (RESAMPLES - 1))]!;
  return {
    difference: mean(means),
    interval: [quantile(0.025), quantile(0.975)],
    better: means.filter((d) => d > 0).length,
    worse: means.filter((d) => d < 0).length,
  };
}
