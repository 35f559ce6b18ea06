import { mean } from "../base/mean.ts";
import { createRng } from "../sampling/mod.ts";

/** Bootstrap samples: the 2.5 % quantile then rests on 50 of them. */
const RESAMPLES = 2000;

/**
 * 95 % interval of a mean over tasks, each counting the same: percentile
 * bootstrap over the queries, drawn within each task.
 *
 * @param tasks A value for each query, by task.
 * @param seed Seed of the run.
 */
export function meanInterval(
  tasks: readonly (readonly number[])[],
  seed: number,
): [number, number] {
  const rng = createRng(seed, "experiment/bootstrap");
  const samples = Array.from(
    { length: RESAMPLES },
    () =>
      mean(tasks.map((values) => {
        let sum = 0;
        for (let i = 0; i < values.length; i++) {
          sum += values[rng.int(values.length)]!;
        }
        return sum / values.length;
      })),
  ).sort((a, b) => a - b);
  const quantile = (p: number) => samples[Math.round(p * (RESAMPLES - 1))]!;
  return [quantile(0.025), quantile(0.975)];
}
