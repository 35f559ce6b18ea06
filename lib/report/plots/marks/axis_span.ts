import { capitalised } from "../../../base/capitalised.ts";

/**
 * Least span of an axis of nDCG@10 or another score from 0 to 1: on less than
 * that, noise would fill the picture.
 */
export const LEAST_SCORE_SPAN = 0.1;

/** The same of an axis of differences of such scores. */
export const LEAST_DIFFERENCE_SPAN = 0.05;

/** Ends of an axis, and what to say of them. */
export interface AxisSpan {
  /** Lower and upper end. */
  domain: [number, number];
  /** For the subtitle: that the axis is longer than its values ask for. */
  note?: string;
}

/**
 * Ends of an axis that holds all values and spans `least` at least, as much
 * below them as above where the bounds allow it.
 */
export function axisSpan(
  values: readonly (number | null | undefined)[],
  { least, within: [floor, ceiling] = [-Infinity, Infinity] }: {
    least: number;
    within?: readonly [number, number];
  },
): AxisSpan {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value === null || value === undefined) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const lacking = least - (high - low);
  // A last digit is no difference to speak of.
  if (!(lacking > 1e-9)) return { domain: [low, high] };
  const from = Math.max(
    floor,
    Math.min(low - lacking / 2, ceiling - least),
  );
  return {
    domain: [from, Math.min(ceiling, from + least)],
    note: `the axis spans ${least} at least, so that noise looks like noise`,
  };
}

/** Refuses a least span that no axis can have. */
export function checkLeastSpan(least: number, action: string): void {
  if (Number.isFinite(least) && least >= 0) return;
  throw new RangeError(
    `Cannot ${action}: leastSpan must be a number of at least 0: got ${least}`,
  );
}

/** A subtitle with its notes. */
export function withNote(subtitle: string, note?: string): string {
  if (note === undefined) return subtitle;
  return subtitle === "" ? capitalised(note) : `${subtitle}; ${note}`;
}
