/**
 * Shares of the frozen tasks within their block, by id; a task of weight 0
 * (`null`) is left out. From the log-weights, because a weight may underflow.
 */
function blockShares(
  frozen: readonly number[],
  logWeights: readonly (number | null)[],
): Map<number, number> {
  const block = [...new Set(frozen)].filter((k) => logWeights[k] !== null);
  const top = block.reduce((a, k) => Math.max(a, logWeights[k]!), -Infinity);
  const grown = block.map((k) => Math.exp(logWeights[k]! - top));
  const total = grown.reduce((sum, g) => sum + g, 0);
  return new Map(block.map((k, i) => [k, grown[i]! / total]));
}

/**
 * Replaces the measures of frozen tasks by the block's mean, weighted with the
 * weights: what the block would measure as one task. Without frozen tasks the
 * measures come back as they are.
 */
export function freezeMeasures(
  measures: number[],
  frozen: readonly number[],
  logWeights: readonly (number | null)[],
): number[] {
  if (frozen.length === 0) return measures;
  const shares = blockShares(frozen, logWeights);
  let mean = 0;
  for (const [k, share] of shares) mean += share * measures[k]!;
  return measures.map((measure, k) => shares.has(k) ? mean : measure);
}

/**
 * Makes the log-weights of frozen tasks move as one, by the weighted mean of
 * their moves. Equal measures alone don't: moments from before, weight decay
 * and a prior may move each differently.
 */
export function freezeSteps(
  after: (number | null)[],
  frozen: readonly number[],
  before: readonly (number | null)[],
): (number | null)[] {
  if (frozen.length === 0) return after;
  const shares = blockShares(frozen, before);
  let step = 0;
  for (const [k, share] of shares) step += share * (after[k]! - before[k]!);
  return after.map((u, k) => shares.has(k) ? before[k]! + step : u);
}
