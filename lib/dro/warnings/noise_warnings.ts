import { mean, sum } from "../../base/mean.ts";
import { type ChanceBand, isWithinChance } from "../chance_bands.ts";
import { seedAgreement } from "../seed_agreement.ts";
import type {
  WeightLimits,
  WeightReport,
  WeightWarning,
} from "./weight_report.ts";
import { short } from "./words.ts";

/** Seeds that give other weights, or another order of the tasks. */
export function seedsDiffer(
  { seeds = [] }: WeightReport,
  { maxSeedDistance = 0.1, minSeedCorrelation = 0.5 }: WeightLimits,
): WeightWarning[] {
  if (seeds.length < 2 || seeds[0]!.length < 2) return [];
  const { distance, rankCorrelation } = seedAgreement(seeds);
  const warnings: WeightWarning[] = [];
  if (distance > maxSeedDistance) {
    warnings.push({
      kind: "seeds-differ",
      value: distance,
      limit: maxSeedDistance,
      message: `two of the ${seeds.length} seeds differ by ${
        short(100 * distance)
      } % of the mixture on average (limit ${
        short(100 * maxSeedDistance)
      } %); learn with larger batches or for more steps, or take the mean of the seeds`,
    });
  }
  if (rankCorrelation < minSeedCorrelation) {
    warnings.push({
      kind: "seeds-rank-differently",
      value: rankCorrelation,
      limit: minSeedCorrelation,
      message:
        `the ${seeds.length} seeds put the tasks in different orders: mean rank correlation ${
          short(rankCorrelation)
        } (limit ${
          short(minSeedCorrelation)
        }); don't select top tasks by one seed`,
    });
  }
  return warnings;
}

/** Weights where chance alone would have put them. */
export function withinChance(
  { weights, chance, seeds = [], seedChance = [] }: WeightReport,
  { maxChanceShare = 0.5 }: WeightLimits,
): WeightWarning[] {
  const counts = chance
    ? [countWithin(weights, chance)]
    : seedChance.map((bands, s) => countWithin(seeds[s]!, bands));
  if (counts.length === 0) return [];
  const within = mean(counts);
  const value = within / weights.length;
  if (value <= maxChanceShare) return [];
  return [{
    kind: "within-chance",
    value,
    limit: maxChanceShare,
    message: `${
      counts.length > 1 ? `in the mean of ${counts.length} seeds ` : ""
    }${
      short(within)
    } of ${weights.length} weights are within what chance alone gives (limit ${
      short(100 * maxChanceShare)
    } %): the losses hardly tell the tasks apart; learn with larger batches or for more steps`,
  }];
}

/** How many weights lie within their bands. */
function countWithin(
  weights: readonly number[],
  chance: readonly ChanceBand[],
): number {
  const total = sum(weights);
  return chance.filter((band, k) => isWithinChance(weights[k]! / total, band))
    .length;
}
