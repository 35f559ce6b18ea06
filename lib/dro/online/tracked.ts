import { z } from "zod";
import type { OnlineMixture } from "./online_mixture.ts";

/** An online mixture that knows what it was in the mean. */
export interface TrackedMixture extends OnlineMixture {
  /** Mean of the weights over the updates so far, shape `[K]`; at first the weights. */
  mean(): number[];
}

const schema = z.object({
  updates: z.int().min(0),
  sums: z.array(z.number()),
  inner: z.unknown(),
});

/**
 * Adds up the weights of an online mixture, so that what was trained on can be told in
 * one number a task.
 *
 * @param mixture The mixture.
 */
export function tracked(mixture: OnlineMixture): TrackedMixture {
  let updates = 0;
  let sums = mixture.weights().map(() => 0);
  return {
    ...mixture.needs && { needs: mixture.needs },
    weights: () => mixture.weights(),
    observe(observation) {
      const weights = mixture.weights();
      sums = sums.map((sum, k) => sum + weights[k]!);
      updates++;
      mixture.observe(observation);
    },
    mean: () =>
      updates === 0 ? [...mixture.weights()] : sums.map((sum) => sum / updates),
    state: () => ({ updates, sums, inner: mixture.state() }),
    restore(state) {
      const parsed = schema.parse(state);
      updates = parsed.updates;
      sums = [...parsed.sums];
      mixture.restore(parsed.inner);
    },
  };
}
