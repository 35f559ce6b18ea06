import { z } from "zod";
import {
  type ChanceBand,
  meanWeights,
  replayWeights,
  type StepWeightsOptions,
} from "../../dro/mod.ts";
import { chanceOf, lossesOf } from "../explain/stage_lines.ts";
import type { MetricsLine, MetricsLog } from "../stages/metrics_log.ts";

/** A stage 1 that a strategy learned from, as an arm's `learned.json` keeps it. */
export interface LossStageRecord {
  /** Its name in the log. */
  stage: string;
  /** How its losses became weights. */
  update: StepWeightsOptions;
}

/** What a record must look like. */
export const lossStageSchema: z.ZodType<LossStageRecord> = z.object({
  stage: z.string(),
  update: z.looseObject({}),
}) as unknown as z.ZodType<LossStageRecord>;

/** The log's lines of each stage 1 of an arm. */
export function stageLines(
  metrics: readonly MetricsLine[],
  records: readonly LossStageRecord[],
): MetricsLine[][] {
  return records.map(({ stage }) => metrics.filter((l) => l.stage === stage));
}

/** Largest difference of weights that are the same but for rounding. */
const SAME = 1e-6;

/**
 * What chance alone gives each task of an arm, if its weights are what its losses lead
 * to at the end of stage 1: not where they are a mean over the updates, or were changed
 * afterwards.
 */
export async function chanceOfArm(
  weights: readonly number[],
  log: MetricsLog,
  records: readonly LossStageRecord[],
): Promise<ChanceBand[] | undefined> {
  if (records.length === 0) return;
  const losses = lossesOf(stageLines(await log.lines(), records));
  if (losses.length === 0 || losses.some((lines) => lines.length === 0)) return;
  const { update } = records[0]!;
  const start = weights.map(() => 1 / weights.length);
  const again = meanWeights(
    losses.map((lines) =>
      replayWeights(lines, { ...update, start }).state.curr
    ),
  );
  const same = again.every((w, k) => Math.abs(w - weights[k]!) < SAME);
  return same ? chanceOf(losses, { ...update, start }) : undefined;
}
