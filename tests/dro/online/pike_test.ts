import assert from "node:assert/strict";
import fc from "fast-check";
import { halfGradients, pikeMixture, tracked } from "../../../lib/dro/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { standardNormal } from "../../../lib/base/standard_normal.ts";

const updates = fc.array(
  fc.record({
    domain: fc.nat(3),
    signal: fc.double({ min: -1, max: 9, noNaN: true }),
    noise: fc.double({ min: 0, max: 9, noNaN: true }),
  }),
  { maxLength: 40 },
);

type Update = { domain: number; signal: number; noise: number };

const seen = ({ domain, ...gradient }: Update) => ({
  losses: [1, 1],
  domains: [domain, domain],
  gradient,
});

Deno.test("PiKE's weights are those of its algorithm, by hand", () => {
  // 10 updates, 2 changes: ζ = 5 / 2 for norm and variance.
  const mixture = pikeMixture(3, { steps: 10, changes: 2 });
  const round = [[0, 2, 1], [0, 4, 3], [1, 3, 4], [1, -9, 4], [1, 3, 1]];
  for (const [domain, signal, noise] of round as [number, number, number][]) {
    mixture.observe(seen({ domain, signal, noise }));
  }
  // Means 3 and 2, and 0 (−1 isn't a length) and 3; task 2 is as the mean of both.
  const estimates = [[3, 2], [0, 3], [1.5, 2.5]];
  const grown = estimates.map(([signal, noise]) =>
    Math.exp(2.5 * signal! / 4 - 2.5 * noise! / 2 / 4)
  );
  const total = grown.reduce((a, b) => a + b);
  mixture.weights().forEach((w, k) =>
    assert.ok(Math.abs(w - grown[k]! / total) < 1e-12)
  );
});

Deno.test("PiKE rises with the norm, falls with the variance, and keeps equals equal", () => {
  fc.assert(fc.property(
    fc.double({ min: 0.01, max: 9, noNaN: true }),
    fc.double({ min: 0, max: 9, noNaN: true }),
    (signal, noise) => {
      const mixture = pikeMixture(4, { steps: 4, changes: 1 });
      const more = { signal: signal + 1, noise };
      const wider = { signal, noise: noise + 1 };
      const same = { signal, noise };
      [same, more, wider, same].forEach((each, domain) =>
        mixture.observe(seen({ domain, ...each }))
      );
      const [a, b, c, d] = mixture.weights();
      assert.ok(b! > a! && a! > c! && a === d);
    },
  ));
});

Deno.test("PiKE stays on the simplex and goes on from its state", () => {
  fc.assert(fc.property(updates, fc.nat(40), (list, at) => {
    const make = () => tracked(pikeMixture(4, { steps: 40 }));
    const [whole, begun, resumed] = [make(), make(), make()];
    const cut = Math.min(at, list.length);
    list.forEach((update) => whole.observe(seen(update)));
    list.slice(0, cut).forEach((update) => begun.observe(seen(update)));
    resumed.restore(JSON.parse(JSON.stringify(begun.state())));
    list.slice(cut).forEach((update) => resumed.observe(seen(update)));
    assert.deepEqual(resumed.weights(), whole.weights());
    assert.deepEqual(resumed.mean(), whole.mean());
    assert.ok(whole.weights().every((w) => w >= 0));
    const total = whole.weights().reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(total - 1) < 1e-9);
  }));
});

Deno.test("halves tell norm and variance of a gradient without bias", async () => {
  const rng = createRng(1, "halves");
  const truth = [1, -2, 0.5];
  const [B, draws] = [5, 4000];
  const { weigh, last } = halfGradients();
  const sums = { signal: 0, noise: 0 };
  for (let draw = 0; draw < draws; draw++) {
    const each = Array.from(
      { length: B },
      () => truth.map((mean) => mean + 2 * standardNormal(rng)),
    );
    const of = (weights: readonly number[]) =>
      truth.map((_, d) => weights.reduce((g, w, i) => g + w * each[i]![d]!, 0));
    const weights = await weigh(
      new Float32Array(B),
      {} as never,
      (rows) =>
        Promise.resolve(
          rows.map((a) =>
            rows.map((b) => of(a).reduce((sum, x, d) => sum + x * of(b)[d]!, 0))
          ),
        ),
    );
    assert.deepEqual(weights, [0.2, 0.2, 0.2, 0.2, 0.2]);
    sums.signal += last()!.signal / draws;
    sums.noise += last()!.noise / draws;
  }
  // ‖truth‖² = 5.25 and 3 · 2² / 5 = 2.4. A draw's standard deviation is under 6
  // and 2.5: four standard errors.
  assert.ok(Math.abs(sums.signal - 5.25) < 4 * 6 / Math.sqrt(draws));
  assert.ok(Math.abs(sums.noise - 2.4) < 4 * 2.5 / Math.sqrt(draws));
});

Deno.test("PiKE refuses updates of several tasks, or without a gradient", () => {
  const mixture = pikeMixture(2, { steps: 4 });
  const gradient = { signal: 1, noise: 1 };
  assert.throws(
    () => mixture.observe({ losses: [1, 1], domains: [0, 1], gradient }),
    /domains must be of one task/,
  );
  assert.throws(
    () => mixture.observe({ losses: [1], domains: [0] }),
    /gradient must have a finite signal and noise: got undefined/,
  );
  assert.throws(
    () => mixture.observe({ losses: [1], domains: [2], gradient }),
    /domains\[0\] must be an integer in \[0, 2\)/,
  );
  assert.throws(() => pikeMixture(1, { steps: 4 }), /tasks/);
  assert.throws(() => pikeMixture(2, { steps: 0 }), /steps/);
  assert.throws(() => pikeMixture(2, { steps: 4, noise: -1 }), /noise/);
});
