import assert from "node:assert/strict";
import { exampleWeights } from "../../../lib/dro/update/example_weights.ts";
import {
  stepWeights,
  type StepWeightsOptions,
} from "../../../lib/dro/update/step_weights.ts";
import { initialWeightState } from "../../../lib/dro/update/weight_state.ts";

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

const even = { losses: [2, 1], referenceLosses: [1, 1], domains: [0, 1] };

Deno.test("one SGD step, worked by hand", () => {
  // h = (2, 1) unclipped, so the odds move by exp(eta · (2 − 1)).
  const state = stepWeights(initialWeightState([0.5, 0.5]), even, {
    measure: "ratio-of-means",
    clip: "none",
    eta: Math.log(3),
  });
  assert.ok(Math.abs(state.curr[0]! - 0.75) < 1e-12);
  assert.ok(Math.abs(state.ema[0]! - (0.9 * 0.5 + 0.1 * 0.75)) < 1e-12);
});

Deno.test("accumulation: nothing moves before the A-th micro-batch, which does", () => {
  const options = { accumulate: 3 };
  const start = initialWeightState([0.5, 0.5]);
  const one = stepWeights(start, even, options);
  const two = stepWeights(one, even, options);
  assert.deepEqual([one.pending, two.pending], [1, 2]);
  assert.deepEqual(two.curr, start.curr);
  const three = stepWeights(two, even, options);
  assert.deepEqual([three.pending, three.updates], [0, 1]);
  // Three equal micro-batches average to one.
  const single = stepWeights(start, even);
  three.curr.forEach((weight, k) =>
    assert.ok(Math.abs(weight - single.curr[k]!) < 1e-15)
  );
  // The third micro-batch's loss is weighed with the new weights.
  assert.deepEqual(
    exampleWeights(three.curr, [0, 1]).map((q) => q > 0.5),
    [true, false],
  );
});

Deno.test("a state is not changed by a step", () => {
  const start = initialWeightState([0.4, 0.6]);
  const copy = structuredClone(start);
  stepWeights(start, even, { optimizer: "adamw", accumulate: 2 });
  stepWeights(start, even, { optimizer: "adamw" });
  assert.deepEqual(start, copy);
});

Deno.test("a weight of 0 stays 0, through JSON, every optimiser and every bound", () => {
  for (const name of ["sgd", "adamw", "adagrad", "rmsprop"] as const) {
    for (
      const more of [
        {},
        { bounds: { floor: 0.1 } },
        { bounds: { smoothing: 0.1 } },
        { prior: { strength: 1 } },
      ]
    ) {
      const optimizer = { name, weightDecay: 0.1 };
      let state = initialWeightState([0.5, 0, 0.5]);
      for (let step = 0; step < 3; step++) {
        state = stepWeights(state, {
          losses: [1, 2, 3],
          domains: [0, 1, 2],
        }, { measure: "raw", optimizer, ...more });
        state = JSON.parse(JSON.stringify(state));
      }
      assert.equal(state.curr[1], 0);
      assert.equal(state.mean[1], 0);
      assert.ok(Math.abs(sum(state.curr) - 1) < 1e-12);
    }
  }
});

Deno.test("a weight that nearly vanished can come back", () => {
  const push = (domain: number) => ({ losses: [1000], domains: [domain] });
  const options = { measure: "raw", clip: "none", eta: 1 } as const;
  let state = initialWeightState([0.5, 0.5]);
  state = stepWeights(state, push(0), options);
  assert.equal(state.curr[1], 0); // exp(-1000) is below the smallest float
  state = stepWeights(state, push(1), options);
  assert.ok(Math.abs(state.curr[1]! - 0.5) < 1e-12);
  // With a floor it is never lost.
  const held = stepWeights(initialWeightState([0.5, 0.5]), push(0), {
    ...options,
    bounds: { floor: 0.01 },
  });
  assert.ok(Math.abs(held.curr[1]! - 0.01) < 1e-15);
});

Deno.test("the pull to a prior has its fixed point between losses and prior", () => {
  // At rest u + eta·h and the prior balance: u = h / strength + log prior + c.
  const options = {
    measure: "raw",
    clip: "none",
    eta: 0.5,
    prior: { strength: 2, weights: [3, 1] },
  } as const;
  let state = initialWeightState([0.5, 0.5]);
  for (let step = 0; step < 200; step++) {
    state = stepWeights(state, { losses: [1, 2], domains: [0, 1] }, options);
  }
  const odds = Math.log(state.curr[0]! / state.curr[1]!);
  assert.ok(Math.abs(odds - ((1 - 2) / 2 + Math.log(3))) < 1e-9, `${odds}`);
});

Deno.test("smoothing is DoReMi's mixture with the uniform weights", () => {
  const options = { measure: "raw", clip: "none", eta: 1 } as const;
  const start = initialWeightState([0.5, 0.3, 0.2]);
  const batch = { losses: [1, 2, 4], domains: [0, 1, 2] };
  const plain = stepWeights(start, batch, options);
  const smooth = stepWeights(start, batch, {
    ...options,
    bounds: { smoothing: 0.3 },
  });
  smooth.curr.forEach((weight, k) =>
    assert.ok(Math.abs(weight - (0.7 * plain.curr[k]! + 0.1)) < 1e-12)
  );
});

Deno.test("every option changes something", () => {
  const decay = { weightDecay: 0.1 };
  const base: StepWeightsOptions = {
    eta: 0.5,
    clip: "none",
    optimizer: decay,
  };
  const adamw = { ...decay, name: "adamw" } as const;
  const rmsprop = { ...decay, name: "rmsprop" } as const;
  const batches = [1, 2, 3].map((scale) => ({
    losses: [2 * scale, 1, 1.5, 0.5],
    referenceLosses: [1, 3, 1, scale],
    domains: [0, 1, 0, 2],
  }));
  const result = (options: StepWeightsOptions) =>
    JSON.stringify(batches.reduce(
      (state, batch) => stepWeights(state, batch, options),
      initialWeightState([0.5, 0.3, 0.2]),
    ));
  const pairs: [StepWeightsOptions, StepWeightsOptions][] = [
    [{ measure: "raw" }, { measure: "difference" }],
    [{ pNorm: 1 }, { pNorm: 2 }],
    [{ eta: 0.5 }, { eta: 0.4 }],
    [{ accumulate: 1 }, { accumulate: 2 }],
    [{ clip: "norm" }, { clip: "value" }],
    [{ clip: { max: 1 } }, { clip: { max: 0.5 } }],
    [{ optimizer: decay }, { optimizer: { ...decay, name: "adagrad" } }],
    [{ optimizer: { weightDecay: 0 } }, { optimizer: decay }],
    [{ optimizer: decay }, { optimizer: { ...decay, weightEma: true } }],
    [{ ema: 0.1 }, { ema: 0.2 }],
    [{ optimizer: adamw }, { optimizer: { ...adamw, beta1: 0.5 } }],
    [{ optimizer: adamw }, { optimizer: { ...adamw, beta2: 0.5 } }],
    [{ optimizer: adamw }, { optimizer: { ...adamw, epsilon: 0.1 } }],
    [{ optimizer: rmsprop }, { optimizer: { ...rmsprop, rmspropAlpha: 0.5 } }],
    [{ normalize: true }, { normalize: false }],
    [{ bounds: {} }, { bounds: { smoothing: 0.1 } }],
    [{ prior: {} }, { prior: { strength: 1 } }],
    [{ prior: { strength: 1 } }, {
      prior: { strength: 1, weights: [1, 2, 3] },
    }],
    [{ bounds: {} }, { bounds: { floor: 0.3 } }],
    [{ bounds: {} }, { bounds: { cap: 0.35 } }],
  ];
  for (const [one, other] of pairs) {
    assert.notEqual(
      result({ ...base, ...one }),
      result({ ...base, ...other }),
      JSON.stringify(other),
    );
  }
});

Deno.test("stepWeights() rejects what it can't use", () => {
  const start = initialWeightState([0.5, 0.5]);
  const of = (options: object, batch: object = {}) => () =>
    stepWeights(start, { ...even, ...batch }, options);
  assert.throws(
    of({ eta: -1 }),
    /^RangeError: Cannot step weights: eta must be in \[0, Infinity\] and finite: got -1$/,
  );
  assert.throws(of({ eta: NaN }), /eta/);
  assert.throws(of({ accumulate: 0 }), /accumulate/);
  assert.throws(of({ accumulate: 1.5 }), /accumulate must be an integer/);
  assert.throws(of({ clip: { max: 0 } }), /clip\.max must be > 0/);
  assert.throws(of({ optimizer: { beta2: 1 } }), /optimizer\.beta2/);
  assert.throws(of({ clip: "both" }), /clip\.by must be one of/);
  assert.throws(of({ optimizer: "adam" }), /optimizer\.name must be one of/);
  assert.throws(
    of({ bounds: { floor: 0.6 } }),
    /bounds\.floor must be <= 1\/2/,
  );
  assert.throws(of({ bounds: { cap: 0.4 } }), /bounds\.cap >= 1\/2/);
  assert.throws(
    of({ prior: { weights: [1] } }),
    /prior\.weights must have one entry.*got 1/,
  );
  assert.throws(
    of({ prior: { weights: [1, 0] } }),
    /prior\.weights\[1\] must be finite and > 0: got 0/,
  );
  // The options' old places, and slips.
  assert.throws(of({ smoothing: 0.1 }), /there is no option smoothing/);
  assert.throws(of({ clip: { norm: 1 } }), /there is no option clip\.norm/);
  assert.throws(of({}, { losses: [1, NaN] }), /losses\[1\].*got NaN/);
  assert.throws(of({}, { domains: [0, 2] }), /domains\[1\].*\[0, 2\): got 2/);
  assert.throws(
    of({ eta: 1e308, measure: "raw", clip: "none" }, { losses: [1e10, 1] }),
    /the step overflows; lower eta/,
  );
  assert.throws(
    of({}, { losses: [], referenceLosses: [], domains: [] }),
    /the batch has no examples/,
  );
});

Deno.test("initialWeightState() and exampleWeights() reject what they can't use", () => {
  assert.throws(() => initialWeightState([1, NaN]), /weights\[1\].*got NaN/);
  assert.throws(() => initialWeightState([1, -1]), /weights\[1\].*got -1/);
  assert.throws(() => initialWeightState([0, 0]), /at least one of the 2/);
  assert.throws(() => initialWeightState([]), /at least one of the 0/);
  assert.throws(() => exampleWeights([1, 1], [0, 2]), /domains\[1\].*got 2/);
  assert.throws(() => exampleWeights([1, NaN], [1]), /weights\[1\].*got NaN/);
  assert.throws(() => exampleWeights([1, 0], [1]), /sum to 0/);
  assert.throws(() => exampleWeights([1], []), /sum to 0/);
});

Deno.test("a step reads each example a few times, however many tasks there are", () => {
  /** Numbers that count how often one of them is read. */
  function counted(numbers: number[]) {
    const reads = { count: 0 };
    const values = new Proxy(numbers, {
      get(target, name, receiver) {
        if (typeof name === "string" && /^\d+$/.test(name)) reads.count++;
        return Reflect.get(target, name, receiver);
      },
    });
    return { values, reads };
  }
  // What it takes in milliseconds is the bench's to say: step_weights_bench.ts.
  const reads = (K: number, B: number) => {
    const losses = counted(Array.from({ length: B }, (_, i) => 1 + i % 7));
    const references = counted(Array.from({ length: B }, (_, i) => 1 + i % 5));
    const domains = counted(Array.from({ length: B }, (_, i) => i * 31 % K));
    stepWeights(initialWeightState(new Array(K).fill(1 / K)), {
      losses: losses.values,
      referenceLosses: references.values,
      domains: domains.values,
    });
    return [losses, references, domains].map(({ reads }) => reads.count / B);
  };
  const few = reads(10, 4096);
  assert.deepEqual(reads(1000, 4096), few);
  assert.ok(few.every((times) => times >= 1 && times <= 4), `${few}`);
});
