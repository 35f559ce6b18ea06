import type { Workers } from "../../workers/mod.ts";
import type { SeededTexts } from "../gradient_pass.ts";
import { type Range, textsBetween } from "../tokens.ts";

/**
 * Which examples of a batch each slot has: one after the other, as many in each as
 * can be. Without slots of its own a batch has one for each worker.
 */
export function slotRanges(examples: number, slots: number): Range[] {
  return Array.from({ length: slots }, (_, s) => [
    Math.floor(s * examples / slots),
    Math.floor((s + 1) * examples / slots),
  ]);
}

/** The slots that one worker computes: as many as any other, in a row. */
export function slotsOf(
  { rank, size }: Pick<Workers, "rank" | "size">,
  slots: number,
): Range {
  return [rank * slots / size, (rank + 1) * slots / size];
}

/** The worker that computes a slot. */
export function ownerOf(slot: number, slots: number, size: number): number {
  return Math.floor(slot * size / slots);
}

/** The texts of the examples `[from, to)` of a batch. */
export function textsOf(
  { tokens: { queries, passages }, seeds }: SeededTexts,
  [from, to]: Range,
): SeededTexts {
  const each = passagesEach({ queries, passages });
  const range = [from * each, to * each] as const;
  return {
    tokens: {
      queries: textsBetween(queries, [from, to]),
      passages: textsBetween(passages, range),
    },
    seeds: [seeds[0].subarray(from, to), seeds[1].subarray(...range)],
  };
}

/** Passages of each query. */
export function passagesEach(
  { queries, passages }: SeededTexts["tokens"],
): number {
  return (passages.offsets.length - 1) / (queries.offsets.length - 1);
}

/**
 * Checks that slots can be shared out evenly, and summed in one order whoever has
 * them.
 */
export function checkSlots(slots: number, size: number): void {
  const isPower = Number.isInteger(Math.log2(slots));
  if (!isPower || slots < 1) {
    throw new RangeError(
      `Cannot train: slots must be a power of two: got ${slots}`,
    );
  }
  if (slots % size === 0) return;
  throw new RangeError(
    `Cannot train: the number of workers must divide the ${slots} slots: got ${size}; start 1, 2, 4 or another power of two up to ${slots}`,
  );
}
