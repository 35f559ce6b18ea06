import type { MineOptions } from "./mine_options.ts";
import type { RandomSource } from "../../base/random_source.ts";

/** Draws `min(count, n)` different numbers from 0 to n - 1, in random order. */
export function* drawDistinct(
  n: number,
  count: number,
  rng: Pick<RandomSource, "int">,
): Generator<number> {
  const numbers = Array.from({ length: n }, (_, i) => i);
  const size = Math.min(count, n);
  for (let i = 0; i < size; i++) {
    const j = i + rng.int(n - i);
    [numbers[i], numbers[j]] = [numbers[j]!, numbers[i]!];
    yield numbers[i]!;
  }
}

/**
 * The places from 0 to n - 1 in the order in which they are to be taken; the
 * caller stops when it has enough.
 */
export function* drawCandidates(
  n: number,
  rng: Pick<RandomSource, "int">,
  sampling: MineOptions["sampling"] = "random",
): Generator<number> {
  if (sampling === "random") yield* drawDistinct(n, n, rng);
  else if (sampling === "rank") yield* drawByRank(n, rng);
  else for (let i = 0; i < n; i++) yield i;
}

/** Without replacement, place i with a likelihood as 1 / (i + 1). */
function* drawByRank(
  n: number,
  rng: Pick<RandomSource, "int">,
): Generator<number> {
  const weights = Array.from({ length: n }, (_, i) => 1 / (i + 1));
  let total = weights.reduce((sum, weight) => sum + weight, 0);
  for (let drawn = 0; drawn < n; drawn++) {
    let left = rng.int(2 ** 30) / 2 ** 30 * total;
    let at = -1;
    for (let i = 0; i < n; i++) {
      if (weights[i] === 0) continue;
      at = i; // the last one, should rounding leave something over
      left -= weights[i]!;
      if (left < 0) break;
    }
    yield at;
    total -= weights[at]!;
    weights[at] = 0;
  }
}
