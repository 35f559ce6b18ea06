import assert from "node:assert/strict";
import fc from "fast-check";
import {
  initialWeightState,
  meanWeights,
  stepWeights,
  weightNoise,
} from "../../lib/dro/mod.ts";
import {
  createRng,
  cumulativeShares,
  stratifiedTasks,
} from "../../lib/sampling/mod.ts";
import { standardNormal } from "../../lib/base/standard_normal.ts";

/** Spread of the log-weights of a whole simulated run. */
function simulated(
  seed: number,
  { tasks, batchSize, steps, eta }: {
    tasks: number;
    batchSize: number;
    steps: number;
    eta: number;
  },
): number {
  const rng = createRng(seed, "test");
  const shares = cumulativeShares(new Array(tasks).fill(1));
  let state = initialWeightState(new Array(tasks).fill(1 / tasks));
  for (let step = 0; step < steps; step++) {
    const domains = stratifiedTasks(shares, batchSize, rng.next());
    const referenceLosses = domains.map(() =>
      Math.exp(0.6 * standardNormal(rng))
    );
    const losses = referenceLosses.map((loss) =>
      loss * Math.exp(0.3 * standardNormal(rng))
    );
    state = stepWeights(state, { losses, referenceLosses, domains }, { eta });
  }
  const logs = state.curr.map(Math.log);
  const mean = logs.reduce((sum, log) => sum + log, 0) / tasks;
  return logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / tasks;
}

Deno.test("weightNoise() is the spread of whole simulated runs", () => {
  for (
    const settings of [
      { tasks: 34, batchSize: 32, steps: 100, eta: 0.2 },
      { tasks: 10, batchSize: 40, steps: 50, eta: 0.25 },
    ]
  ) {
    const variances = Array.from(
      { length: 24 },
      (_, i) => simulated(i, settings),
    );
    const spread = Math.sqrt(
      variances.reduce((a, b) => a + b, 0) / variances.length,
    );
    const expected = weightNoise(settings);
    // 24 runs tell a spread over 10 tasks or more to 5 % (one standard deviation).
    assert.ok(Math.abs(spread / expected - 1) < 0.15, `${spread} ${expected}`);
  }
});

Deno.test("the released run's noise, and what stratified batches save", () => {
  const released = { tasks: 34, batchSize: 2048, steps: 1000, eta: 0.02 };
  assert.ok(weightNoise(released) < 0.006);
  const ours = { tasks: 34, batchSize: 32, steps: 100, eta: 0.2 };
  const independent = weightNoise({ ...ours, draw: "independent" });
  assert.ok(independent > 1.7 * weightNoise(ours));
});

Deno.test("averaging n seeds divides the noise by the root of n", () => {
  const settings = { tasks: 5, batchSize: 10, steps: 20, eta: 0.1 };
  const four = weightNoise({ ...settings, seeds: 4 });
  assert.ok(Math.abs(four - weightNoise(settings) / 2) < 1e-12);
});

Deno.test("weightNoise() refuses what is no number of anything", () => {
  const settings = { tasks: 5, batchSize: 10, steps: 20, eta: 0.1 };
  for (
    const [change, message] of [
      [{ tasks: 1 }, /tasks must be an integer >= 2/],
      [{ batchSize: 0 }, /batchSize must be/],
      [{ steps: 1.5 }, /steps must be/],
      [{ seeds: 0 }, /seeds must be/],
      [{ eta: -1 }, /eta must be/],
    ] as const
  ) assert.throws(() => weightNoise({ ...settings, ...change }), message);
});

Deno.test("meanWeights() averages logarithms, whatever the scale and the order", () => {
  const mixture = fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), {
    minLength: 3,
    maxLength: 3,
  });
  fc.assert(fc.property(
    fc.array(mixture, { minLength: 1, maxLength: 5 }),
    fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
    (mixtures, scale) => {
      const mean = meanWeights(mixtures);
      assert.ok(Math.abs(mean.reduce((a, b) => a + b, 0) - 1) < 1e-12);
      const logRatio = (weights: readonly number[]) =>
        Math.log(weights[0]! / weights[2]!);
      const wanted = mixtures.map(logRatio).reduce((a, b) => a + b, 0) /
        mixtures.length;
      assert.ok(Math.abs(logRatio(mean) - wanted) < 1e-9);
      const scaled = mixtures.map((w, i) =>
        i === 0 ? w.map((x) => x * scale) : w
      ).reverse();
      meanWeights(scaled).forEach((w, k) =>
        assert.ok(Math.abs(w - mean[k]!) < 1e-9)
      );
    },
  ));
  assert.throws(() => meanWeights([]), /there is none/);
  assert.throws(() => meanWeights([[1], [0.5, 0.5]]), /1 and 2 tasks/);
  assert.throws(() => meanWeights([[1, 0], [0, 1]]), /no task has a weight/);
  assert.deepEqual(meanWeights([[0.5, 0.5, 0], [0.5, 0, 0.5]]), [1, 0, 0]);
});
