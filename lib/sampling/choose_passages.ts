import type { Passage, TrainExample } from "../data/types.ts";
import type { Rng } from "./types.ts";

/** How a row's passages are picked from its known ones. */
export type PassageOrder = "random" | "first";

/**
 * One positive and `count - 1` hard negatives of a row (spec section 3.3). The
 * positive is drawn first, then the negatives: without replacement when there
 * are enough, with replacement when there are fewer than asked for, even under
 * `"first"`.
 */
export function choosePassages(
  example: TrainExample,
  { count, rng, positive, negatives, taskName }: {
    count: number;
    rng: Rng;
    positive: PassageOrder;
    negatives: PassageOrder;
    taskName: string;
  },
): Passage[] {
  const positives = example.positives;
  if (positives.length === 0) {
    throw new RangeError(
      `Cannot make a batch: query ${
        JSON.stringify(example.query.id)
      } of ${taskName} has no positive; remove the row or judge a passage relevant`,
    );
  }
  const first =
    positives[positive === "random" ? rng.int(positives.length) : 0]!;
  const negativeCount = count - 1;
  const pool = example.negatives;
  if (negativeCount > 0 && pool.length === 0) {
    throw new RangeError(
      `Cannot make a batch: query ${
        JSON.stringify(example.query.id)
      } of ${taskName} has no hard negatives, but passages is ${count}; mine hard negatives first, or set passages to 1`,
    );
  }
  if (pool.length < negativeCount) {
    const repeated = Array.from(
      { length: negativeCount },
      () => pool[rng.int(pool.length)]!,
    );
    return [first, ...repeated];
  }
  if (negatives === "first") return [first, ...pool.slice(0, negativeCount)];
  const rest = [...pool];
  // The head of a Fisher–Yates shuffle: every ordered choice equally likely.
  for (let at = 0; at < negativeCount; at++) {
    const pick = at + rng.int(rest.length - at);
    [rest[at], rest[pick]] = [rest[pick]!, rest[at]!];
  }
  return [first, ...rest.slice(0, negativeCount)];
}
