import {
  type ChanceBand,
  chanceBands,
  type LossObservation,
  meanWeights,
  type ReplayWeightsOptions,
  unpackLosses,
} from "../../dro/mod.ts";
import { createRng } from "../../sampling/mod.ts";
import type { MetricsLine } from "../stages/metrics_log.ts";

/** What stage 1 logged: the lines of each of its seeds. */
export type StageLines = readonly (readonly MetricsLine[])[];

/**
 * Weights after each update; of several seeds their mean, as long as all of them have
 * come so far.
 */
export function historyOf(stages: StageLines): number[][] {
  const [first = [], ...others] = stages.map((lines) =>
    lines.flatMap((l) => l.weights ? [l.weights] : [])
  );
  if (others.length === 0) return first;
  const shortest = Math.min(...others.map((own) => own.length), first.length);
  return first.slice(0, shortest).map((weights, step) =>
    meanWeights([weights, ...others.map((own) => own[step]!)])
  );
}

/**
 * The losses of each seed; none unless every update has its own: a run that an older
 * version began may have examples for its end alone.
 */
export function lossesOf(stages: StageLines): LossObservation[][] {
  const seeds = stages.map((lines) =>
    lines.flatMap((l) => l.examples ? [unpackLosses(l.examples)] : [])
  );
  const [first = []] = seeds;
  return first.length < historyOf(stages).length ? [] : seeds;
}

/** What chance alone gives each task. Always the same draws: they belong to the log. */
export function chanceOf(
  [lines, ...repeats]: readonly (readonly LossObservation[])[],
  update: ReplayWeightsOptions,
): ChanceBand[] {
  const rng = createRng(1, "experiment/chance-bands");
  return chanceBands(lines!, { ...update, rng, repeats });
}
