import fc from "fast-check";
import assert from "node:assert/strict";
import { dropWeights } from "../../lib/dro/drop_weights.ts";
import { extendWeights } from "../../lib/dro/extend_weights.ts";
import {
  stepWeights,
  type StepWeightsOptions,
} from "../../lib/dro/update/step_weights.ts";
import { initialWeightState } from "../../lib/dro/update/weight_state.ts";

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

const positive = fc.double({ min: 1e-3, max: 10, noNaN: true });
const loss = fc.double({ min: 0, max: 500, noNaN: true });

/** Start weights of 3 to 6 tasks, the first two or more frozen, and batches. */
const run = fc.integer({ min: 3, max: 6 }).chain((domains) =>
  fc.record({
    weights: fc.array(positive, { minLength: domains, maxLength: domains }),
    frozen: fc.integer({ min: 2, max: domains }),
    batches: fc.array(
      fc.array(
        fc.record({
          loss,
          reference: loss,
          domain: fc.integer({ min: 0, max: domains - 1 }),
        }),
        { minLength: 1, maxLength: 12 },
      ),
      { minLength: 1, maxLength: 12 },
    ),
  })
);

const method: fc.Arbitrary<StepWeightsOptions> = fc.record({
  measure: fc.constantFrom("released", "ratio-of-means", "difference", "raw"),
  eta: fc.double({ min: 0, max: 0.25, noNaN: true }),
  accumulate: fc.integer({ min: 1, max: 3 }),
  clip: fc.constantFrom("norm", "value"),
  optimizer: fc.record({
    name: fc.constantFrom("sgd", "adamw", "adagrad", "rmsprop"),
    weightDecay: fc.constantFrom(0, 0.1),
    weightEma: fc.boolean(),
  }),
  normalize: fc.boolean(),
  prior: fc.record({ strength: fc.constantFrom(0, 2) }),
}) as fc.Arbitrary<StepWeightsOptions>;

type Rows = { loss: number; reference: number; domain: number }[];

function after(
  weights: number[],
  batches: Rows[],
  options: StepWeightsOptions,
) {
  return batches.reduce(
    (state, rows) =>
      stepWeights(state, {
        losses: rows.map((row) => row.loss),
        referenceLosses: rows.map((row) => row.reference),
        domains: rows.map((row) => row.domain),
      }, options),
    initialWeightState(weights),
  );
}

Deno.test("frozen tasks keep their ratios for any losses and optimiser", () => {
  fc.assert(
    fc.property(run, method, ({ weights, frozen, batches }, options) => {
      const ids = Array.from({ length: frozen }, (_, k) => k);
      const { curr } = after(weights, batches, { ...options, frozen: ids });
      for (const k of ids) {
        const ratio = curr[k]! / curr[0]! / (weights[k]! / weights[0]!);
        assert.ok(Math.abs(ratio - 1) < 1e-12, `${k}: ${ratio}`);
      }
    }),
  );
});

Deno.test("frozen tasks keep their ratios over a thousand updates", () => {
  const weights = [0.6, 0.05, 0.15, 0.2];
  const rows = [3, 0.1, 2, 1].map((loss, domain) => ({
    loss,
    reference: 1,
    domain,
  }));
  const options = { frozen: [0, 1, 2] };
  const batches = Array.from({ length: 1000 }, () => rows);
  const { curr } = after(weights, batches, options);
  assert.ok(Math.abs(curr[1]! / curr[0]! * 12 - 1) < 1e-12);
  assert.ok(Math.abs(curr[2]! / curr[0]! * 4 - 1) < 1e-12);
  // They learned as one: the new task lost ground to the block.
  assert.ok(curr[3]! < 0.1, `${curr[3]}`);
});

Deno.test("a frozen block measures what its tasks measure, by weight", () => {
  const rows = [2, 5, 1].map((loss, domain) => ({
    loss,
    reference: 1,
    domain,
  }));
  const state = after([0.6, 0.2, 0.2], [rows], {
    measure: "raw",
    clip: "none",
    eta: 1,
    frozen: [0, 1],
  });
  // (.6 · 2 + .2 · 5) / .8 = 2.75.
  assert.ok(Math.abs(state.gradient[0]! - 2.75) < 1e-12);
  assert.equal(state.gradient[1], state.gradient[0]);
  assert.equal(state.gradient[2], 1);
  const grown = [0.6 * Math.exp(2.75), 0.2 * Math.exp(2.75), 0.2 * Math.E];
  grown.forEach((g, k) =>
    assert.ok(Math.abs(state.curr[k]! - g / sum(grown)) < 1e-12)
  );
});

Deno.test("no frozen task changes no bit; one alone only rounding", () => {
  fc.assert(fc.property(run, method, ({ weights, batches }, options) => {
    const plain = after(weights, batches, options);
    assert.deepEqual(
      after(weights, batches, { ...options, frozen: [] }),
      plain,
    );
    const one = after(weights, batches, { ...options, frozen: [1] }).curr;
    plain.curr.forEach((w, k) => assert.ok(Math.abs(w - one[k]!) < 1e-9));
  }));
});

Deno.test("a frozen task of weight 0 stays out of its block", () => {
  const rows = [1, 100, 1].map((loss, domain) => ({
    loss,
    reference: 1,
    domain,
  }));
  const options = { measure: "raw", frozen: [0, 1] } as const;
  const { curr } = after([0.5, 0, 0.5], [rows], options);
  assert.equal(curr[1], 0);
  assert.ok(Math.abs(curr[0]! - 0.5) < 1e-12);
});

Deno.test("frozen refuses strange ids, and options that change ratios", () => {
  const rows = [{ loss: 1, reference: 1, domain: 0 }];
  for (const frozen of [[2], [-1], [0.5]]) {
    assert.throws(
      () => after([1, 1], [rows], { frozen }),
      /Cannot step weights: frozen must be integers in \[0, 2\): got/,
    );
  }
  for (const bounds of [{ smoothing: 0.1 }, { floor: 0.1 }, { cap: 0.9 }]) {
    assert.throws(
      () => after([1, 1], [rows], { frozen: [0], bounds }),
      /frozen can't be combined with bounds\.smoothing/,
    );
  }
});

const mixture = fc.array(positive, { minLength: 2, maxLength: 6 });

Deno.test("extending keeps the ratios, and dropping the new tasks undoes it", () => {
  fc.assert(fc.property(
    mixture,
    fc.integer({ min: 1, max: 4 }),
    fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    (weights, added, share) => {
      const extended = extendWeights(weights, { added, share });
      assert.equal(extended.length, weights.length + added);
      assert.ok(Math.abs(sum(extended) - 1) < 1e-12);
      assert.ok(Math.abs(sum(extended.slice(weights.length)) - share) < 1e-12);
      const ids = Array.from({ length: added }, (_, i) => weights.length + i);
      dropWeights(extended, ids).forEach((w, k) =>
        assert.ok(Math.abs(w - weights[k]! / sum(weights)) < 1e-12)
      );
    },
  ));
});

Deno.test("without a share each new task has the mean weight", () => {
  const extended = extendWeights([0.75, 0.2, 0.05], { added: 1 });
  [0.5625, 0.15, 0.0375, 0.25].forEach((w, k) =>
    assert.ok(Math.abs(extended[k]! - w) < 1e-15)
  );
});

Deno.test("extendWeights() and dropWeights() refuse what makes no mixture", () => {
  for (
    const [act, pattern] of [
      [() => extendWeights([1], { added: 0 }), /added must be/],
      [() => extendWeights([1], { added: 1, share: 1 }), /share must be/],
      [() => extendWeights([0], { added: 1 }), /at least one/],
      [() => extendWeights([-1, 2], { added: 1 }), /weights\[0\]/],
      [() => dropWeights([1, 1], [2]), /ids must be integers in \[0, 2\)/],
      [() => dropWeights([1, 0], [0]), /none of the 1 tasks that are left/],
      [() => dropWeights([NaN, 1], [0]), /weights\[0\]/],
    ] as const
  ) {
    assert.throws(act, { name: "RangeError", message: pattern });
  }
});
