import assert from "node:assert/strict";
import { chanceBands, replayWeights } from "../../lib/dro/mod.ts";
import {
  createRng,
  cumulativeShares,
  stratifiedTasks,
} from "../../lib/sampling/mod.ts";

/** A log of 50 batches; `lag` is how much more than the reference each task loses. */
function log(seed: number, lag: readonly number[], size = 24) {
  const rng = createRng(seed, "test/log");
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - rng.next())) *
    Math.cos(2 * Math.PI * rng.next());
  const shares = cumulativeShares(lag.map(() => 1));
  return Array.from({ length: 50 }, () => {
    const domains = stratifiedTasks(shares, size, rng.next());
    const referenceLosses = domains.map(() => Math.exp(0.6 * normal()));
    const losses = referenceLosses.map((loss, i) =>
      loss * lag[domains[i]!]! * Math.exp(0.3 * normal())
    );
    return { domains, referenceLosses, losses };
  });
}

const OPTIONS = { eta: 0.2, measure: "ratio-of-means" as const };

Deno.test("weights of tasks that don't differ lie outside their bands in about 5 % of the cases", () => {
  let outside = 0;
  const logs = 40, tasks = 8;
  for (let seed = 1; seed <= logs; seed++) {
    const lines = log(seed, new Array(tasks).fill(1));
    const { curr } = replayWeights(lines, OPTIONS).state;
    const bands = chanceBands(lines, {
      ...OPTIONS,
      rng: createRng(seed, "test"),
      replays: 100,
    });
    outside += bands.filter(([low, high], k) =>
      curr[k]! < low || curr[k]! > high
    )
      .length;
  }
  // 6 % of 320 (bands leave 2 of 100 out at either end, and the middle of a step), with
  // three standard deviations of a binomial count.
  assert.ok(outside >= 6 && outside <= 34, `${outside} of ${logs * tasks}`);
});

Deno.test("a task that lags behind lies above its band, the others not above theirs", () => {
  const lines = log(1, [2, 1, 1, 1, 1, 1]);
  const { curr } = replayWeights(lines, OPTIONS).state;
  const bands = chanceBands(lines, { ...OPTIONS, rng: createRng(1, "test") });
  assert.ok(curr[0]! > bands[0]![1]);
  assert.ok(curr.slice(1).every((weight, k) => weight <= bands[k + 1]![1]));
});

Deno.test("more examples make narrower bands; the same draws the same bands", () => {
  const width = (size: number) => {
    const bands = chanceBands(log(3, [1, 1, 1, 1], size), {
      ...OPTIONS,
      rng: createRng(1, "test"),
    });
    return bands.reduce((sum, [low, high]) => sum + high - low, 0);
  };
  assert.equal(width(8), width(8));
  assert.ok(width(8) > 1.5 * width(32));
});

Deno.test("too few replays, and a log that can't be replayed, are refused", () => {
  const rng = createRng(1, "test");
  assert.throws(
    () => chanceBands(log(1, [1, 1]), { rng, replays: 10 }),
    /replays must be an integer >= 20: got 10/,
  );
  assert.throws(() => chanceBands([], { rng }), /there are no micro-batches/);
});
