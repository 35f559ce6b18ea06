import assert from "node:assert/strict";
import { exampleWeights } from "../../../lib/dro/update/example_weights.ts";
import { measureLosses } from "../../../lib/dro/update/measure_losses.ts";
import { stepWeights } from "../../../lib/dro/update/step_weights.ts";
import { initialWeightState } from "../../../lib/dro/update/weight_state.ts";
import { readShared, withShared } from "../../_shared.ts";
import {
  allClose,
  close,
  dot,
  observationOf,
  optionsOf,
  type ReferenceBatch,
  type ReferenceSettings,
} from "../_reference.ts";

interface MeasureCase {
  name: string;
  n_groups: number;
  settings: ReferenceSettings;
  initial_weights: number[];
  micro_batches: (ReferenceBatch & {
    expected: {
      loss_proxy: number[];
      group_loss: number[];
      lm_loss_per_group: number[];
      ref_loss_per_group: number[] | null;
      accumulated_grad: number[];
      robust_loss: number;
      example_weights: number[];
    };
  })[];
  expected_after_update: {
    grad_used: number[];
    log_weights: number[];
    curr: number[];
    mean: number[];
    ema: number[];
  };
}

interface TwoDeviceCase {
  name: string;
  world_size: number;
  batch_size_per_device: number;
  n_groups: number;
  negatives_x_device: boolean;
  settings: ReferenceSettings;
  losses: number[];
  ref_losses: number[];
  domain_ids: number[];
  expected: {
    group_loss: number[];
    log_weights: number[];
    curr: number[];
    robust_loss_per_device: number[];
    example_weights_per_device: number[][];
  };
}

withShared(
  "one weight update matches the reference in all 23 cases",
  async (t) => {
    const { cases } = readShared("fixtures/tdro/loss_proxy.json") as {
      cases: MeasureCase[];
    };
    assert.equal(cases.length, 23);
    for (const one of cases) {
      await t.step(one.name, () => {
        const options = optionsOf(one.settings);
        let state = initialWeightState(one.initial_weights);
        let accumulated = one.initial_weights.map(() => 0);
        for (const batch of one.micro_batches) {
          const observation = observationOf(batch);
          const measured = measureLosses(observation, one.n_groups, options);
          const { expected } = batch;
          allClose(measured.perExample, expected.loss_proxy, "loss_proxy");
          allClose(measured.perDomain, expected.group_loss, "group_loss");
          allClose(
            measured.lossMeans,
            expected.lm_loss_per_group,
            "loss means",
          );
          if (expected.ref_loss_per_group) {
            allClose(
              measured.referenceMeans,
              expected.ref_loss_per_group,
              "reference means",
            );
          }
          accumulated = accumulated.map((h, k) => h + measured.perDomain[k]!);
          allClose(accumulated, expected.accumulated_grad, "accumulated");
          state = stepWeights(state, observation, options);
          if (state.pending > 0) {
            allClose(state.accumulated, expected.accumulated_grad, "state");
          }
          const q = exampleWeights(state.curr, batch.domain_ids);
          allClose(q, expected.example_weights, "example_weights");
          close(dot(q, batch.losses), expected.robust_loss, "robust_loss");
        }
        assert.equal(state.updates, 1);
        const after = one.expected_after_update;
        allClose(state.gradient, after.grad_used, "grad_used");
        allClose(state.logWeights, after.log_weights, "log_weights");
        allClose(state.curr, after.curr, "curr");
        allClose(state.mean, after.mean, "mean");
        allClose(state.ema, after.ema, "ema");
      });
    }
  },
);

withShared(
  "two devices: one update from all examples, losses per device",
  () => {
    const { two_device_cases: cases } = readShared(
      "fixtures/tdro/loss_proxy.json",
    ) as { two_device_cases: TwoDeviceCase[] };
    assert.equal(cases.length, 2);
    for (const one of cases) {
      const options = optionsOf(one.settings);
      const observation = observationOf(one);
      allClose(
        measureLosses(observation, one.n_groups, options).perDomain,
        one.expected.group_loss,
        "group_loss",
      );
      const state = stepWeights(
        initialWeightState(new Array(one.n_groups).fill(1 / one.n_groups)),
        observation,
        options,
      );
      allClose(state.logWeights, one.expected.log_weights, "log_weights");
      allClose(state.curr, one.expected.curr, "curr");
      for (let device = 0; device < one.world_size; device++) {
        const from = device * one.batch_size_per_device;
        const [begin, end] = one.negatives_x_device
          ? [0, undefined]
          : [from, from + one.batch_size_per_device];
        const q = exampleWeights(state.curr, one.domain_ids.slice(begin, end));
        allClose(
          q,
          one.expected.example_weights_per_device[device]!,
          "example weights",
        );
        // Cross-device losses are multiplied by the number of devices.
        const factor = one.negatives_x_device ? one.world_size : 1;
        close(
          factor * dot(q, one.losses.slice(begin, end)),
          one.expected.robust_loss_per_device[device]!,
          "robust_loss",
        );
      }
    }
  },
);

const batch = {
  losses: [1, 3, 2, 0.5],
  referenceLosses: [2, 2, 4, 1],
  domains: [0, 0, 2, 2],
};

Deno.test("each measure, worked by hand", () => {
  const of = (measure: Parameters<typeof measureLosses>[2]) =>
    measureLosses(batch, 3, measure).perDomain;
  assert.deepEqual(of({ measure: "raw" }), [2, 0, 1.25]);
  assert.deepEqual(of({ measure: "difference" }), [0.5, 0, 0]);
  assert.deepEqual(of({ measure: "ratio-of-means" }), [1, 0, 0.5]);
  // p = 0: plain ratios .5, 1.5, .5, .5.
  assert.deepEqual(of({ measure: "released", pNorm: 0 }), [1, 0, 0.5]);
  // p = 1: r / 9, so 9 times the ratios.
  const released = of({ measure: "released" });
  assert.ok(Math.abs(released[0]! - 9) < 1e-12, `${released[0]}`);
  assert.ok(Math.abs(released[2]! - 4.5) < 1e-12, `${released[2]}`);
  assert.deepEqual(of({ measure: "relative-difference", pNorm: 0 }), [
    0.25,
    0,
    0,
  ]);
});

Deno.test("ratio-of-means: the mean of its per-example values is the ratio", () => {
  const { perExample } = measureLosses(batch, 3, { measure: "ratio-of-means" });
  assert.deepEqual(perExample, [0.5, 1.5, 0.8, 0.2]);
});

Deno.test("ratio-of-means: an absent task is 0, a zero reference mean counts as 1", () => {
  const { perDomain, counts, referenceMeans } = measureLosses(
    { losses: [3, 5], referenceLosses: [0, 0], domains: [1, 1] },
    2,
    { measure: "ratio-of-means" },
  );
  assert.deepEqual(perDomain, [0, 4]);
  assert.deepEqual(counts, [0, 2]);
  assert.deepEqual(referenceMeans, [0, 0]);
});

Deno.test("the two forms of tDRO weigh hard tasks differently (spec section 19)", () => {
  // Same ratio of means, 2, in both tasks; in task 0 each example has it, in
  // task 1 one hard example carries the reference loss.
  const losses = [2, 2, 2, 2, 0.4, 0.4, 0.4, 6.8];
  const referenceLosses = [1, 1, 1, 1, 0.01, 0.01, 0.01, 3.97];
  const domains = [0, 0, 0, 0, 1, 1, 1, 1];
  const observation = { losses, referenceLosses, domains };
  const paper = measureLosses(observation, 2, { measure: "ratio-of-means" });
  assert.ok(Math.abs(paper.perDomain[0]! - paper.perDomain[1]!) < 1e-12);
  const code = measureLosses(observation, 2, { measure: "released" });
  assert.ok(code.perDomain[1]! > 2 * code.perDomain[0]!);
});

Deno.test("S9: a reference loss under the floor damps its example", () => {
  const observation = {
    losses: [1, 1],
    referenceLosses: [1, 1e-5], // normalised: about 1 and 1e-5 < 1e-4
    domains: [0, 1],
  };
  const { perDomain } = measureLosses(observation, 2);
  assert.equal(perDomain[1], 1);
});

Deno.test("a float32 rounding error below 0 counts as a loss of 0", () => {
  const { perDomain } = measureLosses(
    { losses: [-3e-5], domains: [0] },
    1,
    { measure: "raw" },
  );
  assert.deepEqual(perDomain, [0]);
});

Deno.test("a high norm of large losses stays finite", () => {
  const { perDomain } = measureLosses(
    { losses: [500, 400], referenceLosses: [600, 300], domains: [0, 1] },
    2,
    { pNorm: 200 },
  );
  assert.ok(perDomain.every(Number.isFinite), `${perDomain}`);
});

Deno.test("measureLosses() rejects what it can't measure", () => {
  const of = (change: object, options = {}, count = 3) => () =>
    measureLosses({ ...batch, ...change }, count, options);
  assert.throws(
    of({ losses: [1, NaN, 2, 3] }),
    /^RangeError: Cannot measure losses: losses\[1\] must be finite and >= 0: got NaN$/,
  );
  assert.throws(of({ losses: [1, -0.1, 2, 3] }), /losses\[1\].*got -0.1/);
  assert.throws(of({ losses: [1, Infinity, 2, 3] }), /got Infinity/);
  assert.throws(of({ referenceLosses: [1] }), /referenceLosses.*got 1$/);
  assert.throws(
    of({ referenceLosses: [1, 1, 1, NaN] }),
    /referenceLosses\[3\]/,
  );
  assert.throws(of({ domains: [0, 0, 3, 0] }), /domains\[2\].*\[0, 3\): got 3/);
  assert.throws(of({ domains: [0, 0, 0.5, 0] }), /domains\[2\].*got 0.5/);
  assert.throws(of({ domains: [0] }), /domains must have one entry/);
  assert.throws(of({ losses: [], domains: [] }), /no examples/);
  assert.throws(of({}, { pNorm: -1 }), /pNorm/);
  assert.throws(of({}, { measure: "median" }), /unknown measure: "median"/);
  assert.throws(of({}, {}, 0), /domainCount/);
  for (const measure of ["difference", "ratio-of-means"] as const) {
    assert.throws(
      of({ referenceLosses: null }, { measure }),
      /needs referenceLosses/,
    );
  }
});
