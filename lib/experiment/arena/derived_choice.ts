import type { Strategy, StrategyContext } from "../../dro/mod.ts";
import type { ArenaArm } from "./result.ts";

/** A mixture that another strategy's finished arm led to. */
export interface DerivedChoice {
  /** The arm. */
  arm: ArenaArm;
  /** Its weights, changed as the strategy wants. */
  weights: number[];
}

/**
 * The mixture of a strategy whose weights follow from those of another with a finished
 * arm: the same as learning them again. A rule is quicker than looking.
 *
 * @param strategy The strategy.
 * @param finished Gives the arm of a strategy, if it is finished.
 * @param context The generator of the run's seed.
 * @returns The mixture; `undefined` if it must be learned.
 */
export async function derivedChoice(
  { from, cost }: Strategy,
  finished: (of: Strategy) => Promise<ArenaArm | undefined>,
  context: Pick<StrategyContext, "rng">,
): Promise<DerivedChoice | undefined> {
  if (!from || cost === "0") return;
  const arm = await finished(from.of);
  const other = arm
    ? { arm, weights: arm.weights }
    : await derivedChoice(from.of, finished, context);
  return other &&
    { arm: other.arm, weights: from.change(other.weights, context) };
}

/**
 * The strategies in an order in which each comes after those that its weights follow
 * from; otherwise as given.
 *
 * @param strategies The strategies.
 */
export function othersFirst(strategies: readonly Strategy[]): Strategy[] {
  const named = new Map(strategies.map((each) => [each.name, each]));
  const ordered = new Set<Strategy>();
  for (const each of strategies) {
    const chain = [each];
    for (let { from } = each; from; from = from.of.from) {
      const other = named.get(from.of.name);
      if (other) chain.unshift(other);
    }
    for (const one of chain) ordered.add(one);
  }
  return [...ordered];
}
