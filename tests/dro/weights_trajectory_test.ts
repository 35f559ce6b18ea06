import assert from "node:assert/strict";
import { exampleWeights } from "../../lib/dro/update/example_weights.ts";
import { stepWeights } from "../../lib/dro/update/step_weights.ts";
import { initialWeightState } from "../../lib/dro/update/weight_state.ts";
import { learningRateFactor } from "../../lib/train/schedule.ts";
import { withShared } from "../_shared.ts";
import {
  allClose,
  close,
  dot,
  observationOf,
  referenceSequences,
  updatesOf,
} from "./_reference.ts";

withShared("all 16 sequences of updates match the reference", async (t) => {
  const sequences = referenceSequences();
  assert.equal(sequences.length, 16);
  for (const one of sequences) {
    await t.step(one.name, () => {
      const { options, schedule } = updatesOf(one);
      let state = initialWeightState(one.initial_weights);
      one.micro_batches.forEach((batch, i) => {
        const seen = state.updates;
        const eta = options.eta! * learningRateFactor(seen, schedule);
        state = stepWeights(state, observationOf(batch), { ...options, eta });
        // A checkpoint between any two micro-batches loses nothing.
        state = JSON.parse(JSON.stringify(state));
        const q = exampleWeights(state.curr, batch.domain_ids);
        close(
          dot(q, batch.losses),
          one.expected_robust_loss_per_micro_batch[i]!,
          `robust loss of micro-batch ${i}`,
        );
        if (state.updates === seen) return;
        const expected = one.expected_updates[seen]!;
        close(eta, expected.lr, `lr of update ${seen}`);
        allClose(state.gradient, expected.grad_used, `grad_used ${seen}`);
        allClose(state.logWeights, expected.log_weights, `log_weights ${seen}`);
        allClose(state.curr, expected.curr, `curr ${seen}`);
        allClose(state.mean, expected.mean, `mean ${seen}`);
        allClose(state.ema, expected.ema, `ema ${seen}`);
      });
      assert.equal(state.updates, one.n_updates);
    });
  }
});
