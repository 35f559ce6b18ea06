import assert from "node:assert/strict";
import fc from "fast-check";
import {
  adaptiveDataOptimization,
  fitPowerLaw,
  lossAfter,
  tracked,
} from "../../../lib/dro/mod.ts";

/** One update on every task at once, with the loss that a law gives each. */
function every(losses: readonly number[]) {
  return { losses, domains: losses.map((_, k) => k) };
}

const STEPS = 120;

Deno.test("a power law comes back from its points, also with noise", () => {
  fc.assert(fc.property(
    fc.double({ min: 0, max: 3, noNaN: true }),
    fc.double({ min: 0.1, max: 5, noNaN: true }),
    fc.integer({ min: 1, max: 16 }),
    (floor, factor, twentieths) => {
      const law = { floor, factor, exponent: twentieths / 20 };
      const points = Array.from({ length: 30 }, (_, i) => ({
        seen: 32 * (i + 1),
        loss: lossAfter(law, 32 * (i + 1)),
      }));
      const found = fitPowerLaw(points)!;
      // What counts is what it foretells, twice as far as it has seen.
      for (const seen of [32, 500, 1920]) {
        const [a, b] = [lossAfter(found, seen), lossAfter(law, seen)];
        assert.ok(Math.abs(a - b) < 1e-6 * b, `${a} for ${b}`);
      }
    },
  ));
  assert.equal(
    fitPowerLaw([{ seen: 1, loss: 2 }, { seen: 2, loss: 1 }]),
    undefined,
  );
  // A loss that rises has no law but a flat one.
  const rising = fitPowerLaw(
    [1, 2, 3, 4].map((seen) => ({ seen, loss: seen })),
  )!;
  assert.equal(rising.factor, 0);
});

Deno.test("ADO's weights are those of the published code, worked step by step", () => {
  const prior = [3, 1];
  const mixture = adaptiveDataOptimization(prior, { steps: STEPS });
  const laws = [
    { floor: 1, factor: 4, exponent: 0.5 },
    { floor: 0.5, factor: 1, exponent: 0.2 },
  ];
  const mu = [0.75, 0.25];
  let h = [...mu];
  let mean = [...mu];
  let weights = [...mu];
  for (let step = 0; step < STEPS; step++) {
    const n = 2 * (step + 1);
    mixture.observe(every(laws.map((law) => lossAfter(law, n))));
    h = h.map((v) => 0.9 * v + 0.1 * 0.5);
    // 12 updates before the first change; the losses lie on the laws exactly.
    if (step + 1 >= 12) {
      const raw = laws.map(({ floor, exponent }, k) =>
        mu[k]! * h[k]! ** 0.5 * exponent * (lossAfter(laws[k]!, n) - floor) / n
      );
      const total = raw.reduce((a, b) => a + b, 0);
      const clipped = raw.map((r) => Math.max(r / total, 0.01));
      const sum = clipped.reduce((a, b) => a + b, 0);
      const rho = clipped.map((c) => c / sum);
      weights = rho.map((r, k) => 0.9 * mean[k]! + 0.1 * r);
      mean = mean.map((m, k) =>
        (1 - 1 / (step + 1)) * m + rho[k]! / (step + 1)
      );
    }
    mixture.weights().forEach((w, k) =>
      assert.ok(Math.abs(w - weights[k]!) < 1e-6, `step ${step}`)
    );
  }
});

Deno.test("ADO draws equal tasks alike, and one that learns faster more", () => {
  const equal = adaptiveDataOptimization([5, 5, 5], { steps: STEPS });
  const faster = adaptiveDataOptimization([5, 5, 5], { steps: STEPS });
  for (let step = 1; step <= STEPS; step++) {
    const loss = 1 + 3 / step ** 0.4;
    equal.observe(every([loss, loss, loss]));
    faster.observe(every([loss, loss, 2 * loss]));
  }
  equal.weights().forEach((w) => assert.ok(Math.abs(w - 1 / 3) < 1e-12));
  const [a, b, c] = faster.weights();
  assert.ok(Math.abs(a! - b!) < 1e-12 && c! > a!);
});

const updates = fc.array(
  fc.record({
    domain: fc.nat(3),
    losses: fc.array(fc.double({ min: 0, max: 50, noNaN: true }), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  { maxLength: 60 },
).map((list) =>
  list.map(({ domain, losses }) => ({
    losses,
    domains: losses.map(() => domain),
  }))
);

Deno.test("ADO's weights sum to 1 with every task drawn, whatever comes", () => {
  fc.assert(fc.property(updates, (list) => {
    const mixture = adaptiveDataOptimization([1, 2, 3, 4], { steps: 20 });
    for (const update of list) {
      mixture.observe(update);
      const weights = mixture.weights();
      assert.ok(weights.every((w) => w > 0.001), `${weights}`);
      assert.ok(Math.abs(weights.reduce((a, b) => a + b, 0) - 1) < 1e-9);
    }
  }));
});

Deno.test("ADO goes on from its state as if never stopped", () => {
  fc.assert(fc.property(updates, fc.nat(60), (list, at) => {
    const make = () =>
      tracked(adaptiveDataOptimization([1, 2, 3, 4], { steps: 40 }));
    const [whole, begun, resumed] = [make(), make(), make()];
    const cut = Math.min(at, list.length);
    list.forEach((update) => whole.observe(update));
    list.slice(0, cut).forEach((update) => begun.observe(update));
    resumed.restore(JSON.parse(JSON.stringify(begun.state())));
    list.slice(cut).forEach((update) => resumed.observe(update));
    assert.deepEqual(resumed.weights(), whole.weights());
    assert.deepEqual(resumed.mean(), whole.mean());
  }));
});

Deno.test("ADO refuses what isn't a prior or a length", () => {
  const make = (prior: number[], steps = 9) => () =>
    adaptiveDataOptimization(prior, { steps });
  assert.throws(make([1]), /prior must have at least 2 tasks: got 1/);
  assert.throws(make([1, 0]), /prior\[1\] must be finite and > 0: got 0/);
  assert.throws(make([1, 1], 0), /steps must be an integer >= 1: got 0/);
});
