import { effectiveTasks } from "../effective_tasks.ts";
import type {
  WeightLimits,
  WeightReport,
  WeightWarning,
} from "./weight_report.ts";
import { nameOf, short } from "./words.ts";

/** Nearly all weight on one task. */
export function oneHot(
  { weights }: WeightReport,
  { minEffectiveShare = 0.1 }: WeightLimits,
): WeightWarning[] {
  const value = effectiveTasks(weights);
  const limit = 1 + minEffectiveShare * (weights.length - 1);
  if (weights.length < 2 || value >= limit) return [];
  return [{
    kind: "one-hot",
    value,
    limit,
    message: `the weights are worth only ${
      short(value)
    } of ${weights.length} tasks (limit ${
      short(limit)
    }); lower eta, learn for fewer steps, or set a cap`,
  }];
}

/** A small task repeated very often. */
export function manyPasses(
  { weights, sizes = [], examples = 0, names }: WeightReport,
  { maxPasses = 10 }: WeightLimits,
): WeightWarning[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return sizes.flatMap((size, domain) => {
    const value = size > 0 ? weights[domain]! / total * examples / size : 0;
    return value <= maxPasses ? [] : [{
      kind: "many-passes" as const,
      domain,
      value,
      limit: maxPasses,
      message: `the ${size} rows of ${nameOf(names, domain)} will be drawn ${
        short(value)
      } times each (limit ${
        short(maxPasses)
      }); set a cap on its weight, or train for fewer steps`,
    }];
  });
}
