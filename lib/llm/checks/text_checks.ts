import type { RandomSource } from "../../base/random_source.ts";
import { shuffled } from "../../base/shuffled.ts";
import { tokensOf } from "../client/llm_request.ts";
import { separability } from "./separability.ts";

/** How generated texts compare with real ones. */
export interface TextChecks {
  /** Area under the curve of a classifier that tells them apart; 0.5: it can't. */
  auc: number;
  /** Median length of the generated texts over that of the real ones, in tokens. */
  lengthRatio: number;
  /** Largest difference of the two distributions of lengths, 0 to 1. */
  lengthGap: number;
}

/**
 * Compares generated texts with real ones: whether they are told apart, and whether
 * they are as long.
 *
 * @param real Texts of the task.
 * @param generated Texts that a model wrote.
 * @param options Where chance comes from.
 *
 * @example Usage
 * ```ts
 * import { textChecks } from "@tdro/tdro/llm";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const real = Array.from({ length: 10 }, (_, i) => `a short line ${i}`);
 * const long = real.map((text) => `${text}, ${text}`);
 * const { lengthRatio, lengthGap } = textChecks(real, long, { rng: createRng(1, "checks") });
 * assert.ok(lengthRatio > 1.5 && lengthGap === 1);
 * ```
 */
export function textChecks(
  real: readonly string[],
  generated: readonly string[],
  { rng }: { rng: RandomSource },
): TextChecks {
  // As many of each, or the classifier would learn which there are more of.
  const size = Math.min(real.length, generated.length);
  const some = (texts: readonly string[]) =>
    shuffled(texts, rng).slice(0, size);
  const lengths = (texts: readonly string[]) =>
    Float64Array.from(texts, tokensOf).sort();
  const [a, b] = [lengths(real), lengths(generated)];
  return {
    auc: separability(some(real), some(generated), { rng }),
    lengthRatio: median(b) / median(a),
    lengthGap: largestGap(a, b),
  };
}

function median(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The statistic of Kolmogorov and Smirnov. */
function largestGap(a: Float64Array, b: Float64Array): number {
  let [i, j, gap] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i]!, b[j]!);
    while (a[i]! <= value) i++;
    while (b[j]! <= value) j++;
    gap = Math.max(gap, Math.abs(i / a.length - j / b.length));
  }
  return gap;
}

/** Borders of the histogram: shares of the positive's score. */
const BORDERS = [0.25, 0.5, 0.75, 0.95];

/** How many negatives come how near to their positive. */
export type SimilarityHistogram = Record<
  "below0.25" | "to0.5" | "to0.75" | "to0.95" | "above0.95",
  number
>;

/**
 * Counts negatives by their score over that of their query's best positive. From 0.95
 * on the positive-aware filter drops them; those far below teach little.
 *
 * @param similarities Score over the positive's, of each negative; NaN is left out.
 *
 * @example Usage
 * ```ts
 * import { similarityHistogram } from "@tdro/tdro/llm";
 * import assert from "node:assert/strict";
 *
 * const counts = similarityHistogram([0.1, 0.6, 0.97]);
 * assert.deepEqual(Object.values(counts), [1, 0, 1, 0, 1]);
 * ```
 */
export function similarityHistogram(
  similarities: Iterable<number>,
): SimilarityHistogram {
  const counts = {
    "below0.25": 0,
    "to0.5": 0,
    "to0.75": 0,
    "to0.95": 0,
    "above0.95": 0,
  };
  const names = Object.keys(counts) as (keyof SimilarityHistogram)[];
  for (const similarity of similarities) {
    if (Number.isNaN(similarity)) continue;
    const place = BORDERS.findIndex((border) => similarity < border);
    counts[names.at(place)!]++; // -1: above all borders
  }
  return counts;
}
