import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bestSplit,
  fitScaling,
  foretell,
  lossesThatRise,
  type ScalingPoint,
} from "../../../lib/experiment/mod.ts";
import { nonNegativeLeastSquares } from "../../../lib/experiment/scale/least_squares.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { standardNormal } from "../../../lib/base/standard_normal.ts";

const SIZES = [5e5, 1.2e6, 4e6, 1.1e7, 3e7, 8.2e7];
const QUICK = { resamples: 5 };

/** Points of a law, perhaps with noise. */
function pointsOf(
  law: (parameters: number, data: number) => number,
  { amounts, noise = 0, seeds = 1 }: {
    amounts: number[];
    noise?: number;
    seeds?: number;
  },
): ScalingPoint[] {
  const rng = createRng(1, "points");
  return SIZES.flatMap((parameters) =>
    amounts.flatMap((data) =>
      Array.from({ length: seeds }, () => ({
        parameters,
        data,
        loss: law(parameters, data) * (1 + noise * standardNormal(rng)),
      }))
    )
  );
}

// Scaling laws for dense retrieval (arXiv 2403.18684), MS MARCO, as the spec has them:
// L(N) = (A/N)^α + δ with A = 3.22e4, α = 0.53, δ = 0.04;
// L(D) = (B/D)^β + δ with B = 3.49e3, β = 1.05.
Deno.test("the public fit over sizes comes back from its points", () => {
  const points = pointsOf((n) => (3.22e4 / n) ** 0.53 + 0.04, {
    amounts: [4e5],
  });
  const { law, error } = fitScaling(points, QUICK);
  assert.ok(Math.abs(law.alpha - 0.53) < 1e-3, `${law.alpha}`);
  assert.ok(Math.abs(law.e - 0.04) < 1e-4, `${law.e}`);
  assert.ok(Math.abs(law.a ** (1 / law.alpha) / 3.22e4 - 1) < 1e-2);
  assert.deepEqual([law.b, law.beta], [0, 0]);
  assert.ok(error < 1e-6);
});

Deno.test("the public fits over sizes and data come back together", () => {
  const points = pointsOf(
    (n, d) => (3.22e4 / n) ** 0.53 + (3.49e3 / d) ** 1.05 + 0.04,
    { amounts: [1e4, 3e4, 1e5, 4e5] },
  );
  const { law } = fitScaling(points, QUICK);
  assert.ok(Math.abs(law.alpha - 0.53) < 1e-3, `${law.alpha}`);
  assert.ok(Math.abs(law.beta - 1.05) < 1e-2, `${law.beta}`);
  assert.ok(Math.abs(law.b ** (1 / law.beta) / 3.49e3 - 1) < 2e-2);
  assert.ok(Math.abs(law.e - 0.04) < 1e-3, `${law.e}`);
});

// Their joint form, [(A/N)^{α/β} + B/D]^β + δ, isn't a sum; with β near 1 it nearly is.
Deno.test("of the public joint form the sum foretells a larger training", () => {
  const joint = (n: number, d: number) =>
    ((3.6e4 / n) ** (0.56 / 1.31) + 7.1e3 / d) ** 1.31 + 0.03;
  const points = pointsOf(joint, { amounts: [3e4, 1e5, 2e5, 4e5] });
  const fit = fitScaling(points, QUICK);
  const larger = { parameters: 1.64e8, data: 8e5 };
  const truth = joint(larger.parameters, larger.data);
  const { value, extrapolated } = foretell(fit, larger);
  assert.ok(extrapolated);
  assert.ok(Math.abs(value - truth) < 0.02, `${value} and ${truth}`);
});

Deno.test("intervals hold the truth, and are wider beyond what was measured", () => {
  const law = (n: number, d: number) => 0.2 + 60 * n ** -0.45 + 30 * d ** -0.5;
  const points = pointsOf(law, {
    amounts: [1e3, 4e3, 1.6e4, 6.4e4],
    noise: 0.01,
  });
  const fit = fitScaling(points, { resamples: 40 });
  const at = (parameters: number, data: number) => {
    const { interval: [low, high] } = foretell(fit, { parameters, data });
    const truth = law(parameters, data);
    // 95 % intervals of noise that is known; a little air for the bootstrap.
    assert.ok(low * 0.99 <= truth && truth <= high * 1.01, `${low} ${high}`);
    return high - low;
  };
  assert.ok(at(8.2e9, 6.4e6) > at(4e6, 1.6e4));
});

Deno.test("the loss never rises with size or data, whatever the points", () => {
  const loss = fc.double({ min: 0, max: 10, noNaN: true });
  fc.assert(
    fc.property(fc.array(loss, { minLength: 12, maxLength: 12 }), (losses) => {
      const points = losses.map((loss, i) => ({
        parameters: 10 ** (4 + i % 4),
        data: 10 ** (2 + Math.floor(i / 4)),
        loss,
      }));
      const fit = fitScaling(points, { resamples: 1 });
      const of = (parameters: number, data: number) =>
        foretell(fit, { parameters, data }).value;
      assert.ok(of(2e5, 1e3) <= of(1e5, 1e3) + 1e-9);
      assert.ok(of(1e5, 2e3) <= of(1e5, 1e3) + 1e-9);
      assert.ok(of(1e5, 1e3) >= 0);
    }),
    { numRuns: 10 },
  );
});

Deno.test("an exponent that the trainings leave open is told", () => {
  // Only the smallest size differs: any large exponent fits as well.
  const step = pointsOf((n) => n === SIZES[0] ? 5 : 4, { amounts: [1e4] });
  const open = fitScaling(step, QUICK);
  assert.deepEqual(open.open, ["alpha"]);
  assert.equal(open.law.alpha, 4);
  // The loss grows with the size: its term is nothing, and so is no open exponent.
  const rising = pointsOf((n, d) => Math.log(n) + d ** -0.5, {
    amounts: [1e1, 1e2, 1e3],
  });
  const { law, open: none } = fitScaling(rising, QUICK);
  assert.deepEqual([law.a, none], [0, []]);
  const closed = pointsOf((n) => 1 + 3e3 * n ** -0.5, { amounts: [1e4] });
  assert.deepEqual(fitScaling(closed, QUICK).open, []);
});

Deno.test("lossesThatRise(): each step of a grid once, seeds averaged", () => {
  const falling = pointsOf((n, d) => 9 - Math.log10(n * d), {
    amounts: [1e3, 1e4, 1e5],
    seeds: 2,
  });
  // 3 × 5 steps of sizes, 6 × 2 of data.
  assert.deepEqual(lossesThatRise(falling), { count: 27, rising: [] });
  const [least, next] = [SIZES[0]!, SIZES[1]!];
  const one = falling.map((point) =>
    point.parameters === next && point.data === 1e3
      ? { ...point, loss: point.loss + 1 }
      : point
  );
  const { rising } = lossesThatRise(one);
  const before = 9 - Math.log10(least * 1e3);
  const loss = 10 - Math.log10(next * 1e3);
  assert.deepEqual(rising, [
    { by: "parameters", from: least, to: next, at: 1e3, before, loss },
  ]);
  // Less than 1 % of the loss is what a seed makes.
  const noise = falling.map((point, i) => ({ ...point, loss: 5 + i * 1e-4 }));
  assert.deepEqual(lossesThatRise(noise).rising, []);
});

Deno.test("non-negative least squares is the best of all that aren't negative", () => {
  const value = fc.double({ min: -3, max: 3, noNaN: true });
  const column = fc.array(value, { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(fc.tuple(column, column, column), column, (columns, values) => {
      const { factors, residual } = nonNegativeLeastSquares(columns, values);
      const error = (tried: number[]) =>
        values.reduce((sum, value, row) =>
          sum + (value -
              tried.reduce((t, f, i) => t + f * columns[i]![row]!, 0)) ** 2, 0);
      assert.ok(factors.every((factor) => factor >= 0));
      assert.ok(Math.abs(error(factors) - residual) <= 1e-9 * (1 + residual));
      // No step in any direction that is allowed betters it.
      factors.forEach((factor, i) => {
        for (const step of [1e-3, -Math.min(1e-3, factor)]) {
          const moved = factors.with(i, factor + step);
          assert.ok(error(moved) >= residual - 1e-9 * (1 + residual));
        }
      });
    }),
    { numRuns: 50 },
  );
});

Deno.test("bestSplit(): the closed form without serving", () => {
  const law = (n: number, d: number) => 0.1 + 40 * n ** -0.4 + 40 * d ** -0.4;
  const fit = fitScaling(
    pointsOf(law, { amounts: [1e4, 1e5, 1e6] }),
    QUICK,
  );
  // With N · D fixed and equal terms, both are the root of it.
  const { parameters, data, extrapolated } = bestSplit(fit, {
    flops: 6 * 100 * 1e12,
    tokensPerDatum: 100,
  });
  assert.ok(Math.abs(Math.log(parameters.value / 1e6)) < 0.02);
  assert.ok(Math.abs(Math.log(data.value / 1e6)) < 0.02);
  assert.equal(extrapolated, false);
});

Deno.test("too few points are refused", () => {
  const points = pointsOf((n) => n ** -0.5, { amounts: [1e4] });
  assert.throws(
    () => fitScaling(points.slice(0, 3)),
    /at least 4 sizes: got 3/,
  );
  assert.throws(
    () => fitScaling([...points, { ...points[0]!, data: 2e4 }]),
    /one amount of data, or at least 3: got 2/,
  );
  assert.throws(
    () => fitScaling([{ ...points[0]!, loss: NaN }, ...points]),
    /points\[0\].loss must be >= 0: got NaN/,
  );
  assert.throws(() => fitScaling(points, { level: 1 }), /level must be in/);
  assert.throws(
    () => bestSplit(fitScaling(points, QUICK), { flops: 1, tokensPerDatum: 1 }),
    /must have a term of data/,
  );
});
