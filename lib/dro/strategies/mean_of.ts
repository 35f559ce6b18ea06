import { relay } from "../../base/relay.ts";
import { meanWeights } from "../mean_weights.ts";
import { trainedAs } from "./derived.ts";
import type { Strategy } from "./strategy.ts";

/**
 * Runs another strategy several times with different draws, each with its part of the
 * budget, and takes the mean of the log-weights: see {@linkcode meanWeights}. It costs
 * what the other costs.
 *
 * @param of The strategy.
 * @param times How often, an integer ≥ 2.
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { meanOf, tdro } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(meanOf(tdro(), 3).name, "tdro-mean-3");
 * ```
 */
export function meanOf(of: Strategy, times: number): Strategy {
  if (!(Number.isSafeInteger(times) && times >= 2)) {
    throw new RangeError(
      `Cannot average weights: how often must be an integer >= 2: got ${times}`,
    );
  }
  const name = `${of.name}-mean-${times}`;
  if (of.online) {
    throw new RangeError(
      `Cannot average weights by ${name}: those of ${of.name} change while a retriever trains; leave -mean-${times} out`,
    );
  }
  if (of.cost === "0") {
    throw new RangeError(
      `Cannot average weights by ${name}: ${of.name} learns nothing, so that each time gives the same; leave -mean-${times} out`,
    );
  }
  return {
    name,
    source: of.source,
    formula: `exp(mean of log a) / Z over ${times} runs of: ${of.formula}`,
    cost: of.cost,
    ...trainedAs(of),
    failsWhen:
      `each run gets too few steps of the budget; and when ${of.failsWhen}`,
    async *learn(context) {
      const each: number[][] = [];
      const { proxySteps } = context;
      for (let i = 0; i < times; i++) {
        const before = proxySteps * i / times;
        each.push(
          yield* relay(
            of.learn(context.again(i, times)),
            ({ done, ...progress }) => ({ ...progress, done: before + done }),
          ),
        );
      }
      return meanWeights(each);
    },
  };
}
