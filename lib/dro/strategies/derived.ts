import type { DerivedWeights, Strategy } from "./strategy.ts";

/**
 * What a strategy has whose weights follow from another's: they are learned as the
 * other does, then changed.
 *
 * @param from Whose weights, and how they are changed.
 */
export function derived(
  from: DerivedWeights,
): Pick<Strategy, "from" | "learn"> {
  return {
    from,
    async *learn(context) {
      return from.change(yield* from.of.learn(context), context);
    },
  };
}

/**
 * How a retriever is trained on another strategy's mixture, for one that changes the
 * weights alone.
 *
 * @param of The other.
 */
export function trainedAs(
  { balance, merging }: Strategy,
): Pick<Strategy, "balance" | "merging"> {
  return { ...balance && { balance }, ...merging && { merging } };
}
