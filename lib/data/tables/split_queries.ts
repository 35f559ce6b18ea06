import { hash32 } from "../../base/hash32.ts";
import { normaliseText } from "../../base/texts/normalise_text.ts";
import type { Query, SplitName } from "../types.ts";

/** Shares and seed of {@linkcode splitQueries}. */
export interface SplitShares {
  dev: number;
  test: number;
  seed: number;
}

/**
 * Draws lots for queries by a hash of their text, so that neither their order
 * nor queries added later move one from split to split, and spellings of the
 * same question stay together. Of three queries or more, each split whose share
 * isn't 0 gets one at least.
 */
export function splitQueries(
  queries: readonly Query[],
  { dev, test, seed }: SplitShares,
): Map<string, SplitName> {
  const drawn = queries
    .map(({ id, text }) => ({ id, lot: lotOf(text, seed) }))
    .sort((a, b) => a.lot - b.lot);
  const count = (bound: number) =>
    drawn.filter(({ lot }) => lot < bound).length;
  const least = (share: number) => share > 0 && queries.length >= 3 ? 1 : 0;
  let tests = Math.max(count(test), least(test));
  let devs = Math.max(count(test + dev) - tests, least(dev));
  // Something must be left to train on.
  if (tests + devs >= drawn.length) {
    tests = Math.min(tests, least(test));
    devs = Math.min(devs, least(dev));
  }
  return new Map(
    drawn.map(({ id }, i) => [
      id,
      i < tests ? "test" : i < tests + devs ? "dev" : "train",
    ]),
  );
}

function lotOf(text: string, seed: number): number {
  return hash32(`${seed}\n${normaliseText(text)}`) / 2 ** 32;
}
