import fc from "fast-check";
import assert from "node:assert/strict";
import { capPasses } from "../../lib/dro/cap_passes.ts";

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Weights, sizes, draws and a bound that can be held, now and then barely. */
const feasible = fc.array(
  fc.record({
    weight: fc.oneof(
      fc.constant(0),
      fc.double({ min: 1e-6, max: 10, noNaN: true }),
    ),
    size: fc.integer({ min: 1, max: 10_000 }),
  }),
  { minLength: 1, maxLength: 8 },
).filter((tasks) => tasks.some((task) => task.weight > 0)).chain((tasks) => {
  const rows = sum(tasks.map((t) => t.weight > 0 ? t.size : 0));
  return fc.record({
    weights: fc.constant(tasks.map((task) => task.weight)),
    sizes: fc.constant(tasks.map((task) => task.size)),
    draws: fc.integer({ min: 1, max: 100_000 }),
    slack: fc.oneof(
      fc.constant(1),
      fc.double({ min: 1, max: 20, noNaN: true }),
    ),
  }).map(({ slack, ...given }) => ({
    ...given,
    maxPasses: slack * given.draws / rows,
  }));
});

/** Rounding of sums of up to 8 terms, and of the bound itself. */
const TOLERANCE = 1e-11;

Deno.test("capPasses() worked by hand, with a second round", () => {
  // 1000 draws, 1 pass: bounds .1, .35, 1. Task 0 gives .4 to .3 : .2, which
  // puts task 1 at .54, above its bound; the rest goes to task 2.
  const options = { sizes: [100, 350, 1000], draws: 1000, maxPasses: 1 };
  const weights = capPasses([0.5, 0.3, 0.2], options);
  [0.1, 0.35, 0.55].forEach((w, k) =>
    assert.ok(Math.abs(weights[k]! - w) < 1e-15)
  );
});

Deno.test("capped weights keep the sum, the bound, and the order of the rest", () => {
  fc.assert(fc.property(feasible, ({ weights, ...options }) => {
    const { sizes, draws, maxPasses } = options;
    const before = [...weights];
    const capped = capPasses(weights, options);
    assert.deepEqual(weights, before);
    const total = sum(weights);
    assert.ok(Math.abs(sum(capped) / total - 1) < TOLERANCE);
    const passes = capped.map((w, k) => w / total * draws / sizes[k]!);
    for (const value of passes) {
      assert.ok(value <= maxPasses * (1 + TOLERANCE), `${value}`);
    }
    const factors = capped.flatMap((w, k) =>
      passes[k]! < maxPasses * (1 - 1e-9) && weights[k]! > 0
        ? [w / weights[k]!]
        : []
    );
    // Tasks below the bound all grew by one factor: their ratios stay.
    for (const factor of factors) {
      assert.ok(factor >= 1 - TOLERANCE);
      assert.ok(Math.abs(factor / factors[0]! - 1) < TOLERANCE);
    }
    // And at the bound are only those that this factor would put above it.
    capped.forEach((w, k) => {
      if (weights[k]! === 0) assert.equal(w, 0);
      if (passes[k]! > maxPasses * (1 - 1e-9) && factors[0] !== undefined) {
        assert.ok(weights[k]! * factors[0] >= w * (1 - 1e-8));
      }
    });
  }));
});

Deno.test("capping what is capped, or holds the bound, changes no bit", () => {
  fc.assert(fc.property(feasible, ({ weights, ...options }) => {
    const capped = capPasses(weights, options);
    assert.deepEqual(capPasses(capped, options), capped);
    const { sizes, draws } = options;
    const most = Math.max(
      ...weights.map((w, k) => w / sum(weights) * draws / sizes[k]!),
    );
    const loose = { ...options, maxPasses: most * 1.001 };
    assert.deepEqual(capPasses(weights, loose), weights);
  }));
});

Deno.test("permuting the tasks permutes the capped weights", () => {
  fc.assert(fc.property(feasible, fc.nat(), ({ weights, ...options }, by) => {
    const turn = (values: readonly number[]) =>
      values.map((_, k) => values[(k + by) % values.length]!).toReversed();
    const plain = capPasses(weights, options);
    const other = capPasses(turn(weights), {
      ...options,
      sizes: turn(options.sizes),
    });
    turn(plain).forEach((w, k) =>
      assert.ok(Math.abs(w - other[k]!) <= TOLERANCE * sum(weights))
    );
  }));
});

Deno.test("capPasses() says with numbers what can't be held", () => {
  const sizes = [100, 200, 5000];
  assert.throws(
    () => capPasses([0.5, 0.5, 0], { sizes, draws: 1000, maxPasses: 3 }),
    {
      name: "RangeError",
      message:
        "Cannot cap passes: 3 passes over the 300 rows of the 2 tasks with a weight are 900 draws: fewer than 1000; allow 3.34 passes, or draw less",
    },
  );
  // What it advises works.
  capPasses([0.5, 0.5, 0], { sizes, draws: 1000, maxPasses: 3.34 });
  const good = { sizes, draws: 10, maxPasses: 1 };
  for (
    const [weights, options, pattern] of [
      [[1, 1], {}, /sizes must have one entry for each of the 2 weights/],
      [[1, NaN, 1], {}, /weights\[1\] must be finite/],
      [[0, 0, 0], {}, /at least one/],
      [[1, 1, 1], { sizes: [1, 0, 1] }, /sizes\[1\] must be an integer >= 1/],
      [[1, 1, 1], { draws: 0 }, /draws must be/],
      [[1, 1, 1], { maxPasses: 0 }, /maxPasses must be/],
    ] as const
  ) {
    assert.throws(() => capPasses(weights, { ...good, ...options }), pattern);
  }
});
