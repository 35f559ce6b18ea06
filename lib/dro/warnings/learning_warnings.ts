import { whatWeightsFollow } from "../what_weights_follow.ts";
import type {
  WeightLimits,
  WeightReport,
  WeightWarning,
} from "./weight_report.ts";
import { nameOf, short } from "./words.ts";

/** Weights that still moved at the end. */
export function notSettled(
  { history = [] }: WeightReport,
  { maxLateChange = 0.05 }: WeightLimits,
): WeightWarning[] {
  const last = history.length - 1;
  if (last < 1) return [];
  const tenth = Math.max(1, Math.round(history.length / 10));
  const before = history[Math.max(0, last - tenth)]!;
  const value = history[last]!.reduce(
    (sum, weight, k) => sum + Math.abs(weight - before[k]!) / 2,
    0,
  );
  if (value <= maxLateChange) return [];
  return [{
    kind: "not-settled",
    value,
    limit: maxLateChange,
    message: `the weights still move: ${
      short(100 * value)
    } % of the mixture changed in the last ${tenth} of ${history.length} updates (limit ${
      short(100 * maxLateChange)
    } %); learn for more steps, or let eta fall`,
  }];
}

/** Reference losses so near 0 that ratios to them mean little. */
export function referenceNearZero(
  { referenceMeans = [], names }: WeightReport,
  { minReferenceShare = 0.05 }: WeightLimits,
): WeightWarning[] {
  const seen = referenceMeans.filter((loss) => !Number.isNaN(loss));
  const mean = seen.reduce((sum, loss) => sum + loss, 0) / seen.length;
  const limit = minReferenceShare * mean;
  return referenceMeans.flatMap((value, domain) =>
    // All at 0 is the worst case, and no one is below the limit then.
    value < limit || value === 0
      ? [{
        kind: "reference-near-zero" as const,
        domain,
        value,
        limit,
        message: `the reference loss of ${nameOf(names, domain)} is ${
          short(value)
        }, mean of all tasks ${
          short(mean)
        }: a ratio to it means little; give it harder negatives, or use the measure "difference"`,
      }]
      : []
  );
}

/** With fewer tasks ranks agree by chance. */
const RANKED_TASKS = 8;

/** Weights that rank the tasks by how hard they are. */
export function followsReference(
  { weights, referenceMeans, lossMeans }: WeightReport,
  { minLag = 1.1, maxReferenceCorrelation = 0.9 }: WeightLimits,
): WeightWarning[] {
  if (!referenceMeans || !lossMeans) return [];
  const seen = (mean: number | undefined) =>
    mean === undefined || Number.isNaN(mean) ? null : mean;
  const follow = whatWeightsFollow(weights.map((end, k) => ({
    end,
    loss: seen(lossMeans[k]),
    referenceLoss: seen(referenceMeans[k]),
  })));
  if (!follow || follow.tasks < RANKED_TASKS || follow.lag >= minLag) return [];
  const value = follow.referenceLoss;
  if (value <= maxReferenceCorrelation) return [];
  return [{
    kind: "follows-reference",
    value,
    limit: maxReferenceCorrelation,
    message: `the proxy loses only ${
      short(follow.lag)
    } times what the reference does, and the weights rank the tasks by the reference's loss (rank correlation ${
      short(value)
    }, limit ${
      short(maxReferenceCorrelation)
    }): they tell how hard a task is, not where the proxy lags; train the reference for more steps, or compare with the measure "ratio-of-means"`,
  }];
}
