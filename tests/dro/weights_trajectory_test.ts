import assert from "node:assert/strict";
import { exampleWeights } from "../../lib/dro/update/example_weights.ts";
import { stepWeights } from "../../lib/dro/update/step_weights.ts";
import { initialWeightState } from "../../lib/dro/update/weight_state.ts";
import { learningRateFactor, type Schedule } from "../../lib/train/schedule.ts";
import { readShared, withShared } from "../_shared.ts";
import {
  allClose,
  close,
  dot,
  observationOf,
  optionsOf,
  type ReferenceBatch,
  type ReferenceSettings,
} from "./_reference.ts";

interface Sequence {
  name: string;
  n_updates: number;
  gradient_accumulation_steps: number;
  settings: ReferenceSettings;
  scheduler: {
    total_steps: number;
    warmup_steps: number;
    min_lr_ratio: number;
  };
  initial_weights: number[];
  micro_batches: ReferenceBatch[];
  expected_robust_loss_per_micro_batch: number[];
  expected_updates: {
    lr: number;
    grad_used: number[];
    log_weights: number[];
    curr: number[];
    mean: number[];
    ema: number[];
  }[];
}

withShared("all 16 sequences of updates match the reference", async (t) => {
  const { sequences } = readShared("fixtures/tdro/weights_trajectory.json") as {
    sequences: Sequence[];
  };
  assert.equal(sequences.length, 16);
  for (const one of sequences) {
    await t.step(one.name, () => {
      const options = optionsOf({
        ...one.settings,
        gradient_accumulation_steps: one.gradient_accumulation_steps,
      });
      const schedule = {
        schedule: one.settings.dro_lr_scheduler_type!
          .replaceAll("_", "-") as Schedule,
        totalSteps: one.scheduler.total_steps,
        warmupSteps: one.scheduler.warmup_steps,
        minRatio: one.scheduler.min_lr_ratio,
      };
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
