import fc from "fast-check";
import assert from "node:assert/strict";
import { packLosses, unpackLosses } from "../../../lib/dro/log/pack_losses.ts";
import { parseLossLog } from "../../../lib/dro/log/parse_loss_log.ts";
import { replayWeights } from "../../../lib/dro/log/replay_weights.ts";
import {
  stepWeights,
  type StepWeightsOptions,
} from "../../../lib/dro/update/step_weights.ts";
import { initialWeightState } from "../../../lib/dro/update/weight_state.ts";
import { learningRateFactor } from "../../../lib/train/schedule.ts";
import { withShared } from "../../_shared.ts";
import {
  allClose,
  observationOf,
  referenceSequences,
  updatesOf,
} from "../_reference.ts";

const batch = fc.array(
  fc.record({
    loss: fc.double({ min: 0, max: 500, noNaN: true }),
    reference: fc.double({ min: 0, max: 500, noNaN: true }),
    domain: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 1, maxLength: 10 },
).map((rows) => ({
  losses: rows.map((row) => row.loss),
  referenceLosses: rows.map((row) => row.reference),
  domains: rows.map((row) => row.domain),
}));

const method: fc.Arbitrary<StepWeightsOptions> = fc.record({
  measure: fc.constantFrom("released", "ratio-of-means", "difference", "raw"),
  eta: fc.double({ min: 0, max: 0.25, noNaN: true }),
  accumulate: fc.integer({ min: 1, max: 3 }),
  optimizer: fc.constantFrom("sgd", "adamw"),
  bounds: fc.record({ cap: fc.constantFrom(1, 0.5) }),
}) as fc.Arbitrary<StepWeightsOptions>;

Deno.test("a replayed log gives the run's weights to the last bit", () => {
  fc.assert(fc.property(
    fc.array(batch, { minLength: 1, maxLength: 6 }),
    method,
    (batches, options) => {
      const start = [0.4, 0.3, 0.2, 0.1];
      let state = initialWeightState(start);
      const history: number[][] = [];
      for (const one of batches) {
        const { updates } = state;
        state = stepWeights(state, one, options);
        if (state.updates > updates) history.push(state.curr);
      }
      // Through the file's text, as another program would write it.
      const text = batches.map((one) =>
        JSON.stringify({
          losses: one.losses,
          reference_losses: one.referenceLosses,
          domains: one.domains,
        }) + "\n"
      ).join("");
      const log = parseLossLog(text);
      const replayed = replayWeights(log.lines, { ...options, start });
      assert.deepEqual(replayed, { state, history });
    },
  ));
});

Deno.test("packed float32 losses come back to the last bit, in fewer digits", () => {
  const losses = fc.array(fc.float({ min: 0, noNaN: true, max: 1000 }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(fc.property(losses, (values) => {
    const observation = {
      losses: new Float32Array(values),
      referenceLosses: new Float32Array(values.toReversed()),
      domains: values.map(() => 0),
    };
    const packed = JSON.parse(JSON.stringify(packLosses(observation)));
    const back = unpackLosses(packed);
    assert.deepEqual(Array.from(back.losses), [...observation.losses]);
    assert.deepEqual(
      Array.from(back.referenceLosses!),
      [...observation.referenceLosses],
    );
  }));
  const { losses: [short] } = packLosses({
    losses: [Math.fround(1.05452)],
    domains: [0],
  });
  assert.equal(String(short), "1.05452");
});

withShared(
  "replaying the reference's sequences gives their weights",
  async (t) => {
    const sequences = referenceSequences();
    assert.equal(sequences.length, 16);
    for (const one of sequences) {
      await t.step(one.name, () => {
        const { options: { eta: base, ...options }, schedule } = updatesOf(one);
        const { state, history } = replayWeights(
          one.micro_batches.map(observationOf),
          {
            ...options,
            start: one.initial_weights,
            eta: (update) => base! * learningRateFactor(update, schedule),
          },
        );
        const expected = one.expected_updates;
        assert.equal(history.length, expected.length);
        history.forEach((w, i) => allClose(w, expected[i]!.curr, `curr ${i}`));
        allClose(state.mean, expected.at(-1)!.mean, "mean");
        allClose(state.ema, expected.at(-1)!.ema, "ema");
      });
    }
  },
);

Deno.test("replayWeights() counts what is left over, and names what is wrong", () => {
  const line = { losses: [2, 1], referenceLosses: [1, 1], domains: [0, 2] };
  const { state, history } = replayWeights([line, line, line], {
    accumulate: 2,
  });
  assert.equal(history.length, 1);
  assert.equal(state.pending, 1);
  assert.equal(state.curr.length, 3);
  assert.throws(() => replayWeights([]), /there are no micro-batches/);
  assert.throws(
    () => replayWeights([line, { ...line, losses: [1, NaN] }]),
    {
      name: "RangeError",
      message:
        "Cannot replay micro-batch 1: losses[1] must be finite and >= 0: got NaN",
    },
  );
});
