import fc from "fast-check";
import assert from "node:assert/strict";
import { boundWeights } from "../../lib/dro/update/bound_weights.ts";
import type { LossMeasure } from "../../lib/dro/update/measure_losses.ts";
import {
  stepWeights,
  type StepWeightsOptions,
} from "../../lib/dro/update/step_weights.ts";
import { initialWeightState } from "../../lib/dro/update/weight_state.ts";

const MEASURES: LossMeasure[] = [
  "released",
  "ratio-of-means",
  "difference",
  "relative-difference",
  "raw",
];

/** Start weights and a few micro-batches for K tasks, 1 ≤ K ≤ 6. */
const run = fc.integer({ min: 1, max: 6 }).chain((domains) =>
  fc.record({
    weights: fc.array(fc.double({ min: 1e-3, max: 10, noNaN: true }), {
      minLength: domains,
      maxLength: domains,
    }),
    batches: fc.array(
      fc.array(
        fc.record({
          loss: loss(),
          reference: loss(),
          domain: fc.integer({ min: 0, max: domains - 1 }),
        }),
        { minLength: 1, maxLength: 12 },
      ),
      { minLength: 1, maxLength: 5 },
    ),
  })
);

function loss() {
  return fc.oneof(
    fc.constant(0),
    fc.double({ min: 0, max: 500, noNaN: true }),
    fc.double({ min: 0, max: 1e-3, noNaN: true }),
  );
}

const method: fc.Arbitrary<StepWeightsOptions> = fc.record({
  measure: fc.constantFrom(...MEASURES),
  pNorm: fc.constantFrom(0, 1, 2, 3),
  eta: fc.double({ min: 0, max: 1, noNaN: true }),
  accumulate: fc.integer({ min: 1, max: 3 }),
  clip: fc.constantFrom("norm", "value", "none"),
  optimizer: fc.record({
    name: fc.constantFrom("sgd", "adamw", "adagrad", "rmsprop"),
    weightDecay: fc.constantFrom(0, 0.1),
    weightEma: fc.boolean(),
  }),
  normalize: fc.boolean(),
  bounds: fc.record({ smoothing: fc.constantFrom(0, 0.01) }),
  prior: fc.record({ strength: fc.constantFrom(0, 2) }),
}) as fc.Arbitrary<StepWeightsOptions>;

type Rows = { loss: number; reference: number; domain: number }[];

function observation(rows: Rows) {
  return {
    losses: rows.map((row) => row.loss),
    referenceLosses: rows.map((row) => row.reference),
    domains: rows.map((row) => row.domain),
  };
}

function after(
  weights: number[],
  batches: Rows[],
  options: StepWeightsOptions,
) {
  return batches.reduce(
    (state, rows) => stepWeights(state, observation(rows), options),
    initialWeightState(weights),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

Deno.test("whatever the method, the weights stay on the simplex", () => {
  fc.assert(fc.property(run, method, ({ weights, batches }, options) => {
    const state = after(weights, batches, options);
    if (state.updates === 0) {
      assert.deepEqual(state.curr, weights);
      return;
    }
    assert.ok(Math.abs(sum(state.curr) - 1) < 1e-12, `sum ${sum(state.curr)}`);
    assert.ok(Math.abs(sum(state.mean) - 1) < 1e-12);
    for (const weight of [...state.curr, ...state.mean, ...state.ema]) {
      assert.ok(weight >= 0 && weight <= Math.max(...weights, 1), `${weight}`);
    }
    assert.ok(state.logWeights.every((u) => u !== null && Number.isFinite(u)));
  }));
});

Deno.test("in the released settings every weight stays positive", () => {
  fc.assert(fc.property(run, ({ weights, batches }) => {
    // u moves by at most 0.02 an update, so no weight can fall to 0.
    assert.ok(after(weights, batches, {}).curr.every((weight) => weight > 0));
  }));
});

Deno.test("permuting the tasks permutes the weights", () => {
  fc.assert(
    fc.property(
      run,
      method,
      fc.nat(),
      ({ weights, batches }, options, seed) => {
        const domains = weights.length;
        // Place k goes to k·step + shift modulo K, with a step prime to K.
        const step = [1, 5, 7, 11].find((s, i) =>
          i >= seed % 2 && gcd(s, domains) === 1
        )!;
        const to = (k: number) => (k * step + seed) % domains;
        const moved = new Array<number>(domains);
        weights.forEach((weight, k) => moved[to(k)] = weight);
        const plain = after(weights, batches, options).curr;
        const other = after(
          moved,
          batches.map((rows) =>
            rows.map((row) => ({ ...row, domain: to(row.domain) }))
          ),
          options,
        ).curr;
        // Sums over tasks run in another order: rounding only, but steps of up
        // to eta · 500 amplify it in an exponential.
        plain.forEach((weight, k) =>
          assert.ok(Math.abs(weight - other[to(k)]!) < 1e-9)
        );
      },
    ),
  );
});

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

Deno.test("absent tasks keep their log-weights before renormalising", () => {
  fc.assert(fc.property(run, ({ weights, batches }) => {
    const rows = batches[0]!;
    const state = after(weights, [rows], { normalize: false });
    const present = new Set(rows.map((row) => row.domain));
    weights.forEach((weight, k) => {
      if (!present.has(k)) {
        assert.equal(state.logWeights[k], Math.log(weight));
      }
    });
  }));
});

Deno.test("the order of the examples doesn't matter", () => {
  fc.assert(fc.property(run, ({ weights, batches }) => {
    const plain = after(weights, batches, {}).curr;
    const turned = after(weights, batches.map((b) => b.toReversed()), {}).curr;
    plain.forEach((weight, k) =>
      assert.ok(Math.abs(weight - turned[k]!) < 1e-12)
    );
  }));
});

Deno.test("released: the scale of the losses doesn't matter", () => {
  const rows = fc.array(
    fc.record({
      loss: fc.double({ min: 0.1, max: 10, noNaN: true }),
      reference: fc.double({ min: 0.1, max: 10, noNaN: true }),
      domain: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 4, maxLength: 20 },
  );
  fc.assert(fc.property(
    rows,
    fc.double({ min: 0.5, max: 100, noNaN: true }),
    fc.double({ min: 0.5, max: 100, noNaN: true }),
    (rows, a, b) => {
      const start = [0.25, 0.25, 0.25, 0.25];
      const scaled = rows.map((row) => ({
        ...row,
        loss: row.loss * a,
        reference: row.reference * b,
      }));
      const plain = after(start, [rows], {}).curr;
      const other = after(start, [scaled], {}).curr;
      // Only if the clip is active: the smallest norm here is
      // 0.5 · 0.1 / 10 · 4 / 2 before scaling, so give up below 1.
      const norm = (rows: Rows) =>
        Math.hypot(...after(start, [rows], { clip: "none" }).gradient);
      fc.pre(norm(rows) > 1 && norm(scaled) > 1);
      // What's left is the 1e-6 in norm + 1e-6: at most 1e-6 · eta.
      plain.forEach((weight, k) =>
        assert.ok(Math.abs(weight - other[k]!) < 1e-6 * 0.02)
      );
    },
  ));
});

Deno.test("an update moves the log-weights by at most eta under the norm clip", () => {
  fc.assert(fc.property(run, ({ weights, batches }) => {
    const state = after(weights, [batches[0]!], { normalize: false });
    const moved = state.logWeights.map((u, k) => u! - Math.log(weights[k]!));
    assert.ok(Math.hypot(...moved) <= 0.02 * (1 + 1e-12));
  }));
});

Deno.test("floor and cap hold, and keep the order of the weights", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), {
      minLength: 2,
      maxLength: 8,
    }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    (raw, low, high) => {
      const weights = raw.map((weight) => weight / sum(raw));
      const even = 1 / weights.length;
      const floor = low * even;
      const cap = even + high * (1 - even);
      const bound = boundWeights(weights, floor, cap);
      assert.ok(Math.abs(sum(bound) - 1) < 1e-12);
      for (const weight of bound) {
        assert.ok(weight >= floor - 1e-12 && weight <= cap + 1e-12);
      }
      // The closest point in KL: one factor for all that are inside.
      const factors = bound.flatMap((weight, k) =>
        weight > floor + 1e-9 && weight < cap - 1e-9
          ? [weight / weights[k]!]
          : []
      );
      for (const factor of factors) {
        assert.ok(Math.abs(factor / factors[0]! - 1) < 1e-9);
      }
      // And at a bound only what that factor would put outside.
      bound.forEach((weight, k) => {
        const wanted = (factors[0] ?? NaN) * weights[k]!;
        if (weight <= floor + 1e-12) assert.ok(!(wanted > floor + 1e-9));
        if (weight >= cap - 1e-12) assert.ok(!(wanted < cap - 1e-9));
      });
    },
  ));
});
