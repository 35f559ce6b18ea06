import { isWeightStage, weightStage } from "../../base/weight_stage.ts";
import { createRng } from "../../sampling/mod.ts";
import type { WeightOptions } from "../weight_options.ts";
import type { MetricsLine } from "./metrics_log.ts";

/**
 * The seeds of stage 1: the run's own first, so that one seed does what it always
 * did; the others follow from it and from no other run's.
 */
export function seedsOfWeights(
  { seed, weightSeeds }: Pick<WeightOptions, "weightSeeds"> & { seed: number },
): number[] {
  return Array.from(
    { length: weightSeeds },
    (_, i) => i === 0 ? seed : createRng(seed, weightStage(i)).int(2 ** 31),
  );
}

/** The lines of stage 1 in a log, for each of its seeds. */
export function weightLines(
  metrics: readonly MetricsLine[],
): MetricsLine[][] {
  const lines = new Map<string, MetricsLine[]>();
  for (const line of metrics) {
    if (!isWeightStage(line.stage)) continue;
    const own = lines.get(line.stage);
    if (own) own.push(line);
    else lines.set(line.stage, [line]);
  }
  return [...lines.values()];
}
