import { mean } from "../base/mean.ts";
import type { EvalReport } from "../eval/mod.ts";
import { meanInterval } from "./mean_interval.ts";
import { type ArmDifference, METRIC } from "./summary.ts";

/**
 * Compares an arm with the baseline by the mean over tasks, each counting the
 * same; queries are paired.
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
  return {
    difference: mean(means),
    interval: meanInterval(differences, seed),
    better: means.filter((d) => d > 0).length,
    worse: means.filter((d) => d < 0).length,
  };
}
