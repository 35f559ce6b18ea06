import { batches } from "../../sampling/mod.ts";
import { samplerOptions } from "../stages/stage_input.ts";
import type { HandOffSource } from "./source.ts";

/** A drawn row: task, row, positive, negatives, all by number. */
export type DrawnRow = [number, number, number, number[]];

/**
 * The first batches that tdro draws with the project's settings, for a test to
 * compare.
 *
 * @param source The run.
 * @param count How many.
 */
export function firstBatches(
  { rows, weights, options, suite }: HandOffSource,
  count: number,
): DrawnRow[][] {
  const drawn = batches(rows, weights, {
    ...samplerOptions({ options, suite }),
    count,
  });
  return Array.from(
    drawn,
    ({ examples }) =>
      examples.map(({ domain, row, passages }): DrawnRow => {
        const { positives, negatives } = rows[domain]![row]!;
        const [positive, ...others] = passages;
        return [
          domain,
          row,
          positives.indexOf(positive!),
          others.map((passage) => negatives.indexOf(passage)),
        ];
      }),
  );
}
