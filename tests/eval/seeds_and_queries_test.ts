import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bootstrapInterval,
  pairedTTest,
  type SeedDifferences,
  seedsAndQueries,
} from "../../lib/eval/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";

const rng = createRng(7, "tests/seeds-and-queries");

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - rng.next())) *
    Math.cos(2 * Math.PI * rng.next());
}

interface World {
  seeds: number;
  tasks: number;
  queries: number;
  /** What every score gains. */
  gain?: number;
  /** Standard deviation of what a seed adds to all scores, and to a task's. */
  seedNoise: number;
  taskNoise: number;
  /** Standard deviation of what differs by query, alike and not alike over seeds. */
  queryNoise: number;
  restNoise: number;
}

/** Differences of two arms that were trained alike, but for the gain. */
function draw(world: World): SeedDifferences {
  const { gain = 0, seeds, tasks, queries } = world;
  const list = (n: number, value: () => number) =>
    Array.from({ length: n }, value);
  const common = list(tasks, () => 0).map(() =>
    list(queries, () => world.queryNoise * normal())
  );
  return list(seeds, () => world.seedNoise * normal()).map((seed) =>
    common.map((task) => {
      const own = world.taskNoise * normal();
      return task.map((query) =>
        gain + seed + own + query + world.restNoise * normal()
      );
    })
  );
}

const compare = (differences: SeedDifferences, resamples = 1000) =>
  seedsAndQueries(differences, { rng: createRng(1, "resample"), resamples });

Deno.test("two arms that differ by luck alone are told apart in at most 5 % of 200 arenas", () => {
  const noise = {
    seedNoise: 0.02,
    taskNoise: 0.02,
    queryNoise: 0.1,
    restNoise: 0.2,
  };
  for (const seeds of [2, 3, 5]) {
    const told = Array.from(
      { length: 200 },
      () => compare(draw({ seeds, tasks: 6, queries: 30, ...noise }), 400),
    );
    const beyond = told.filter(({ p }) => p <= 0.05).length;
    assert.ok(beyond <= 10, `${seeds} seeds: ${beyond} of 200`);
  }
});

Deno.test("a gain well above both kinds of noise is found, with three seeds too", () => {
  const world = {
    seeds: 3,
    tasks: 6,
    queries: 60,
    gain: 0.1,
    ...{
      seedNoise: 0.005,
      taskNoise: 0.005,
      queryNoise: 0.05,
      restNoise: 0.05,
    },
  };
  const found = Array.from({ length: 40 }, () => compare(draw(world), 2000))
    .filter(({ p, interval }) => p <= 0.05 && interval[0] > 0);
  assert.ok(found.length >= 38, `${found.length} of 40`);
});

Deno.test("without differences between queries it is the t-test over seeds", () => {
  const bySeed = [0.03, 0.01, 0.05, 0.02];
  const told = compare(bySeed.map((d) => [[d, d, d], [d, d]]), 40_000);
  const t = pairedTTest(bySeed, [0, 0, 0, 0]);
  assert.ok(Math.abs(told.difference - 0.0275) < 1e-12);
  assert.equal(told.pSeeds, t.p);
  // 40,000 draws give a quantile of t at 2.5 % to about 2 % of the half width.
  for (const [i, end] of t.interval.entries()) {
    assert.ok(Math.abs(told.interval[i]! - end) < 0.002, `${told.interval}`);
  }
  assert.ok(Math.abs(told.p - t.p) < 0.005, `${told.p} ${t.p}`);
});

Deno.test("with one seed it is the bootstrap over queries, and the t-test isn't there", () => {
  const queries = Array.from({ length: 50 }, () => 0.02 + 0.1 * normal());
  const told = compare([[queries]], 20_000);
  const { interval } = bootstrapInterval(queries, {
    rng: createRng(2, "other"),
    method: "percentile",
    resamples: 20_000,
  });
  assert.ok(Number.isNaN(told.pSeeds));
  for (const [i, end] of interval.entries()) {
    assert.ok(Math.abs(told.interval[i]! - end) < 0.003);
  }
});

Deno.test("swapping the arms mirrors all of it; non-inferiority grows with the margin", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.double({ min: -0.1, max: 0.1, noNaN: true }),
      (seeds, gain) => {
        const there = draw({
          seeds,
          tasks: 3,
          queries: 8,
          gain,
          ...{
            seedNoise: 0.02,
            taskNoise: 0.01,
            queryNoise: 0.1,
            restNoise: 0.1,
          },
        });
        const back = there.map((tasks) => tasks.map((q) => q.map((x) => -x)));
        const [a, b] = [compare(there), compare(back)];
        assert.ok(Math.abs(a.difference + b.difference) < 1e-12);
        assert.ok(a.p > 0 && a.p <= 1);
        assert.ok(
          a.interval[0] <= a.difference && a.difference <= a.interval[1],
        );
        assert.ok(a.inferior(0.2) <= a.inferior(0.05));
        assert.ok(a.inferior(0.05) <= a.inferior(0));
        // Chance is drawn anew, so both only agree to its noise.
        assert.ok(Math.abs(a.p - b.p) < 0.15);
      },
    ),
    { numRuns: 25 },
  );
});

Deno.test("what can't be compared is refused in one line", () => {
  const options = { rng: createRng(1, "test") };
  assert.throws(
    () => seedsAndQueries([], options),
    /there must be a seed, a task/,
  );
  assert.throws(() => seedsAndQueries([[[]]], options), /and a query in each/);
  assert.throws(
    () => seedsAndQueries([[[1, 2]], [[1]]], options),
    /seed 1 must have the tasks and queries of seed 0/,
  );
  assert.throws(
    () => seedsAndQueries([[[NaN]]], options),
    /must be finite: got NaN/,
  );
});
