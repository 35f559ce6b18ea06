import assert from "node:assert/strict";
import fc from "fast-check";
import {
  fitMixingLaw,
  lossOnMixture,
  proposeMixture,
  randomMixture,
  reuseMixture,
} from "../../../lib/dro/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";

const slope = fc.double({ min: -2, max: 2, noNaN: true });

Deno.test("a mixing law comes back from its points", () => {
  fc.assert(fc.property(
    fc.array(slope, { minLength: 3, maxLength: 3 }),
    fc.constantFrom(0, 0.3),
    fc.integer({ min: 1, max: 1000 }),
    (slopes, floor, seed) => {
      const rng = createRng(seed, "law");
      const law = { floor, slopes };
      const points = Array.from({ length: 20 }, () => {
        const weights = randomMixture(3, rng);
        return { weights, loss: lossOnMixture(law, weights) };
      });
      const found = fitMixingLaw(points, { lambda: 1e-12 });
      const spread = Math.max(...points.map((p) => p.loss)) -
        Math.min(...points.map((p) => p.loss));
      for (const { weights, loss } of points) {
        const error = Math.abs(lossOnMixture(found, weights) - loss);
        assert.ok(error <= 1e-3 * spread + 1e-6, `${error} of ${spread}`);
      }
    },
  ));
});

/** Slope of the proposer's objective, without what is alike for all tasks. */
function slopeAt(
  laws: { slopes: number[] }[],
  { prior, kl }: { prior: number[]; kl: number },
  p: readonly number[],
) {
  const total = prior.reduce((a, b) => a + b, 0);
  return p.map((w, k) =>
    laws.reduce((sum, { slopes }) =>
      sum +
      slopes[k]! / laws.length *
        Math.exp(slopes.reduce((dot, t, j) => dot + t * p[j]!, 0)), 0) +
    kl * Math.log(w / (prior[k]! / total))
  );
}

const problem = fc.record({
  laws: fc.array(
    fc.array(slope, { minLength: 4, maxLength: 4 }),
    { minLength: 1, maxLength: 4 },
  ).map((all) => all.map((slopes) => ({ floor: 0, slopes }))),
  prior: fc.array(fc.integer({ min: 1, max: 50 }), {
    minLength: 4,
    maxLength: 4,
  }),
  kl: fc.constantFrom(0.05, 0.1, 1),
});

Deno.test("a proposal is the optimum: its slopes are alike", () => {
  fc.assert(
    fc.property(problem, ({ laws, prior, kl }) => {
      const p = proposeMixture(laws, { prior, kl });
      assert.ok(Math.abs(p.reduce((a, b) => a + b, 0) - 1) < 1e-9);
      // The objective is known to 1e-15, which tells the logarithm of a weight w to
      // √(2e-15 / (kl w)): slopes to 1e-5 from weights of 1e-4 on.
      const slopes = slopeAt(laws, { prior, kl }, p)
        .filter((_, k) => p[k]! > 1e-4);
      const spread = Math.max(...slopes) - Math.min(...slopes);
      assert.ok(spread < 1e-4, `${spread}`);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a proposal within bounds rises only where it may", () => {
  fc.assert(
    fc.property(problem, ({ laws, prior, kl }) => {
      // 100 draws from 80 rows a task: 0.4 at most each.
      const bound = { sizes: [40, 40, 40, 40], draws: 100, maxPasses: 1 };
      const p = proposeMixture(laws, { prior, kl, bound });
      assert.ok(p.every((w) => w <= 0.4 + 1e-9), `${p}`);
      const slopes = slopeAt(laws, { prior, kl }, p);
      const free = slopes.filter((_, k) => p[k]! < 0.4 - 1e-6 && p[k]! > 1e-4);
      const level = Math.max(...free);
      assert.ok(level - Math.min(...free) < 1e-4);
      slopes.forEach((s, k) => {
        if (p[k]! >= 0.4 - 1e-6) assert.ok(s < level + 1e-4, "it would shrink");
      });
    }),
    { numRuns: 40 },
  );
});

Deno.test("equal tasks get the prior, and a prior of 0 stays out", () => {
  const laws = [{ floor: 1, slopes: [0.3, 0.3, 0.3] }];
  const p = proposeMixture(laws, { prior: [2, 1, 1] });
  [0.5, 0.25, 0.25].forEach((w, k) => assert.ok(Math.abs(p[k]! - w) < 1e-9));
  const out = proposeMixture([{ floor: 0, slopes: [0, -9, 1] }], {
    prior: [1, 0, 1],
  });
  assert.equal(out[1], 0);
});

Deno.test("a reused mixture keeps its inner shares", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 4 }),
    fc.integer({ min: 1, max: 3 }),
    (raw, kept) => {
      const names = ["a", "b", "c", "d"];
      const total = raw.reduce((x, y) => x + y);
      const weights = raw.map((w) => w / total);
      const reuse = reuseMixture(
        names,
        new Map(names.slice(0, kept).map((name, k) => [name, raw[k]!])),
      );
      assert.equal(reuse.names.length, 5 - kept);
      const again = reuse.expand(reuse.collapse(weights));
      again.forEach((w, k) => assert.ok(Math.abs(w - weights[k]!) < 1e-12));
    },
  ));
  const bad = (names: string[], kept: [string, number][]) => () =>
    reuseMixture(names, new Map(kept));
  assert.throws(bad(["a"], [["b", 1]]), /"b" isn't one of the tasks/);
  assert.throws(bad(["a"], [["a", 1]]), /no task is new/);
  assert.throws(bad(["a", "b"], [["a", 0]]), /not all 0/);
  assert.throws(bad(["existing", "b"], [["b", 1]]), /may be called existing/);
});

Deno.test("what no law can be fitted to is refused", () => {
  const point = { weights: [0.5, 0.5], loss: 1 };
  assert.throws(() => fitMixingLaw([point]), /at least 2 points/);
  assert.throws(
    () => fitMixingLaw([point, { ...point, loss: -1 }]),
    /points\[1\] must have a finite loss >= 0: got -1/,
  );
  assert.throws(() => proposeMixture([]), /laws must hold at least one/);
  assert.throws(
    () => proposeMixture([{ floor: 0, slopes: [1] }], { kl: 0 }),
    /kl must be finite and > 0: got 0/,
  );
});
