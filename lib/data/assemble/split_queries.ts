import { hash32 } from "../../base/hash32.ts";
import { normaliseText } from "../../base/texts/normalise_text.ts";
import type { SplitName } from "../types.ts";

/** Shares of {@linkcode splitQueries}. */
export interface SplitShares {
  dev: number;
  test: number;
  /** What a query's text and the seed decide; see {@linkcode lotOf}. */
  lot(query: number): number;
}

/**
 * Draws lots for queries, given by their numbers, by a hash of their text, so that neither their order
 * nor queries added later move one from split to split, and spellings of the
 * same question stay together. Of three queries or more, each split whose share
 * isn't 0 gets one at least.
 */
export function splitQueries(
  queries: Int32Array,
  { dev, test, lot }: SplitShares,
): Map<number, SplitName> {
  const drawn = queries.toSorted((a, b) => lot(a) - lot(b) || a - b);
  const below = (bound: number) => {
    const first = drawn.findIndex((query) => lot(query) >= bound);
    return first < 0 ? drawn.length : first;
  };
  const least = (share: number) => share > 0 && drawn.length >= 3 ? 1 : 0;
  let tests = Math.max(below(test), least(test));
  let devs = Math.max(below(test + dev) - tests, least(dev));
  // Something must be left to train on.
  if (tests + devs >= drawn.length) {
    tests = Math.min(tests, least(test));
    devs = Math.min(devs, least(dev));
  }
  const splits = new Map<number, SplitName>();
  for (const query of drawn.subarray(0, tests + devs)) {
    splits.set(query, splits.size < tests ? "test" : "dev");
  }
  return splits;
}

/** The lot of a query. */
export function lotOf(text: string, seed: number): number {
  return hash32(`${seed}\n${normaliseText(text)}`) / 2 ** 32;
}
