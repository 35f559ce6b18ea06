import type { RandomIntegers } from "./types.ts";

/** Draws `min(count, n)` different numbers from 0 to n - 1, in random order. */
export function drawDistinct(
  n: number,
  count: number,
  rng: RandomIntegers,
): number[] {
  const numbers = Array.from({ length: n }, (_, i) => i);
  const size = Math.min(count, n);
  for (let i = 0; i < size; i++) {
    const j = i + rng.int(n - i);
    [numbers[i], numbers[j]] = [numbers[j]!, numbers[i]!];
  }
  return numbers.slice(0, size);
}
