import assert from "node:assert/strict";
import fc from "fast-check";
import { onlineDataMixing, tracked } from "../../../lib/dro/mod.ts";

const updates = fc.array(
  fc.record({
    domain: fc.nat(4),
    losses: fc.array(fc.double({ min: 0, max: 50, noNaN: true }), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  { maxLength: 40 },
).map((list) =>
  list.map(({ domain, losses }) => ({
    losses,
    domains: losses.map(() => domain),
  }))
);

Deno.test("ODM's weights are those of the paper's algorithm, worked step by step", () => {
  const K = 3;
  const mixture = onlineDataMixing(K);
  let weights = [1 / K, 1 / K, 1 / K];
  const rewards = [0, 0, 0];
  let before = 1 / K;
  [[0, 2], [2, 5], [0, 1], [1, 3]].forEach(([task, loss], i) => {
    mixture.observe({
      losses: [loss! - 0.5, loss! + 0.5],
      domains: [task!, task!],
    });
    rewards[task!] = 0.9 * rewards[task!]! + 0.1 * loss! / weights[task!]!;
    const epsilon = Math.min(1 / K, Math.sqrt(Math.log(K) / (K * (i + 1))));
    const grown = rewards.map((r) => Math.exp(before * r));
    const total = grown.reduce((a, b) => a + b, 0);
    weights = grown.map((g) => (1 - K * epsilon) * g / total + epsilon);
    before = epsilon;
    mixture.weights().forEach((w, k) =>
      assert.ok(Math.abs(w - weights[k]!) < 1e-12)
    );
  });
});

Deno.test("ODM explores every task, sums to 1, and overflows for no loss", () => {
  fc.assert(fc.property(updates, (list) => {
    const mixture = onlineDataMixing(5);
    list.forEach((update, i) => {
      mixture.observe(update);
      const weights = mixture.weights();
      const least = Math.min(1 / 5, Math.sqrt(Math.log(5) / (5 * (i + 1))));
      assert.ok(weights.every((w) => w >= least - 1e-12));
      assert.ok(Math.abs(weights.reduce((a, b) => a + b, 0) - 1) < 1e-9);
    });
  }));
  const wild = onlineDataMixing(2);
  for (let i = 0; i < 2000; i++) {
    wild.observe({ losses: [1e6, 0], domains: [0, 1] });
  }
  assert.ok(wild.weights().every(Number.isFinite));
});

Deno.test("a mixture goes on from its state as if never stopped", () => {
  fc.assert(fc.property(updates, fc.nat(40), (list, at) => {
    const whole = tracked(onlineDataMixing(5));
    const begun = tracked(onlineDataMixing(5));
    const cut = Math.min(at, list.length);
    list.forEach((update) => whole.observe(update));
    list.slice(0, cut).forEach((update) => begun.observe(update));
    const resumed = tracked(onlineDataMixing(5));
    resumed.restore(JSON.parse(JSON.stringify(begun.state())));
    list.slice(cut).forEach((update) => resumed.observe(update));
    assert.deepEqual(resumed.weights(), whole.weights());
    assert.deepEqual(resumed.mean(), whole.mean());
  }));
});

Deno.test("what isn't a loss or a task is refused, and a warm-up keeps weights", () => {
  const mixture = onlineDataMixing(2, { warmup: 3 });
  assert.throws(
    () => mixture.observe({ losses: [NaN], domains: [0] }),
    /losses\[0\] must be finite/,
  );
  assert.throws(
    () => mixture.observe({ losses: [1], domains: [2] }),
    /domains\[0\] must be an integer in \[0, 2\)/,
  );
  const fresh = onlineDataMixing(2, { warmup: 3 });
  for (let i = 0; i < 3; i++) fresh.observe({ losses: [9], domains: [1] });
  assert.deepEqual(fresh.weights(), [0.5, 0.5]);
  fresh.observe({ losses: [9], domains: [1] });
  assert.ok(fresh.weights()[1]! > 0.5);
  assert.throws(() => onlineDataMixing(1), /tasks must be an integer >= 2/);
  assert.throws(() => onlineDataMixing(2, { smoothing: 1 }), /smoothing/);
});
