import { bootstrapInterval, type EvalReport } from "../eval/mod.ts";
import { createRng } from "../sampling/mod.ts";
import { type ArmName, ARMS } from "./arms.ts";
import { METRIC } from "./summary.ts";

/** Ends of an interval. */
export interface Ends {
  /** Lower end. */
  low: number;
  /** Upper end. */
  high: number;
}

/** 95 % intervals of each task's nDCG@10 over its queries, by arm. */
export function taskIntervals(
  reports: Readonly<Record<ArmName, EvalReport>>,
  seed: number,
): Record<ArmName, Ends[]> {
  return Object.fromEntries(
    ARMS.map((arm) => [
      arm,
      reports[arm].tasks.map((task) => ends(task.perQuery[METRIC]!, seed)),
    ]),
  ) as Record<ArmName, Ends[]>;
}

/** What an arm gained over the uniform one by task, queries paired. */
export function taskDifferences(
  reports: Readonly<Record<ArmName, EvalReport>>,
  arm: ArmName,
  seed: number,
): ({ name: string; difference: number } & Ends)[] {
  return reports[arm].tasks.map((task, k) => {
    const before = reports.uniform.tasks[k]!.perQuery[METRIC]!;
    const gains = task.perQuery[METRIC]!.map((value, q) => value - before[q]!);
    const difference = gains.reduce((sum, v) => sum + v, 0) / gains.length;
    return { name: task.task, difference, ...ends(gains, seed) };
  });
}

/** 95 % interval of a mean: percentile bootstrap, as for the means over tasks. */
export function ends(values: readonly number[], seed: number): Ends {
  const { interval: [low, high] } = bootstrapInterval(values, {
    rng: createRng(seed, "experiment/task-bootstrap"),
    method: "percentile",
    resamples: 1000,
  });
  return { low, high };
}
