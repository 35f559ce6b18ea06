import { z } from "zod";
import { fitPowerLaw, lossAfter, type PowerLaw } from "../online/power_law.ts";
import { velocityMixture } from "../online/velocitune.ts";
import { affordable } from "./affordable.ts";
import type { Strategy } from "./strategy.ts";

/** What was measured of each task before the retriever trains. */
const keptSchema = z.object({
  initial: z.array(z.number()),
  last: z.array(z.number()),
  laws: z.array(
    z.object({ floor: z.number(), factor: z.number(), exponent: z.number() })
      .nullable(),
  ),
});

/** Rounds that a law needs, at least. */
const LEAST_ROUNDS = 4;

/** Changes of the weights in a training, about. */
const CHANGES = 20;

/**
 * Velocitune: a proxy trains on each task in turn, which gives the losses to start from
 * and, by a law fitted to them, those to reach; then the mixture follows how far the
 * retriever is from these; see `velocityMixture()`. Ours: losses in training, where the
 * paper evaluates on held-out data, and a law of the proxy's own losses; weights change
 * 20 times. The weights that are reported are the mean over the updates.
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { velocitune } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.match(velocitune().source, /2411\.14318/);
 * ```
 */
export function velocitune(): Strategy {
  return {
    name: "velocitune",
    formula:
      "w_k ← w_k exp(V_k) / Z, V_k = (loss − target) / (initial − target) within [0, 1], targets by laws of a proxy's losses",
    source: "Velocitune (Luo et al. 2024, arXiv 2411.14318)",
    cost: "N: rounds of one update on each task",
    failsWhen:
      "the targets are wrong, as from a few noisy rounds: a task that can't reach its target gains weight for ever",
    online(_, { sizes, steps, kept }) {
      const { initial, last, laws } = keptSchema.parse(kept);
      return velocityMixture({
        initial,
        // Each task would get its share of the updates.
        target: laws.map((law, k) =>
          law ? lossAfter(law, Math.max(1, steps / sizes.length)) : last[k]!
        ),
        every: Math.max(1, Math.round(steps / CHANGES)),
      });
    },
    async *learn(context) {
      const { names, proxySteps } = context;
      const tasks = names.length;
      affordable(context, {
        strategy: "velocitune",
        unit: `${LEAST_ROUNDS} rounds of all tasks`,
        each: LEAST_ROUNDS * tasks,
      });
      const updates = Math.floor(proxySteps + 1e-9);
      const points: { seen: number; loss: number }[][] = names.map(() => []);
      const proxy = await context.proxy(updates);
      try {
        for (let update = 0; update < updates; update++) {
          const only = names.map((_, k) => k === update % tasks ? 1 : 0);
          for (const { domain, loss } of await proxy.watch(only, 1)) {
            const own = points[domain]!;
            own.push({ seen: own.length + 1, loss });
          }
          yield { done: context.spent(), total: proxySteps };
        }
      } finally {
        proxy.dispose();
      }
      const laws: (PowerLaw | null)[] = points.map((own) =>
        fitPowerLaw(own) ?? null
      );
      context.keep({
        initial: points.map((own) => own[0]!.loss),
        last: points.map((own) => own.at(-1)!.loss),
        laws,
      });
      return names.map(() => 1 / tasks);
    },
  };
}
