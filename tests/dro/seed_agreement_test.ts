import fc from "fast-check";
import assert from "node:assert/strict";
import { seedAgreement } from "../../lib/dro/seed_agreement.ts";
import { weightWarnings } from "../../lib/dro/weight_warnings.ts";

Deno.test("seedAgreement() worked by hand", () => {
  // Ranks 2 1 0, 2 1 0 and 0 1 2: correlations 1, −1, −1. Distances 0, .4, .4.
  const { distance, rankCorrelation } = seedAgreement([
    [0.5, 0.4, 0.1],
    [5, 4, 1],
    [0.1, 0.4, 0.5],
  ]);
  assert.ok(Math.abs(distance - 0.8 / 3) < 1e-15);
  assert.ok(Math.abs(rankCorrelation + 1 / 3) < 1e-15);
});

Deno.test("ties share their mean rank", () => {
  // Ranks 2.5 2.5 1 0 and 3 2 1 0: Σxy = 4.5, Σx² = 4.5, Σy² = 5.
  const { rankCorrelation } = seedAgreement([[4, 4, 2, 1], [4, 3, 2, 1]]);
  assert.ok(Math.abs(rankCorrelation - 4.5 / Math.sqrt(4.5 * 5)) < 1e-15);
  const flat = [1, 1, 1];
  assert.equal(seedAgreement([flat, flat]).rankCorrelation, 1);
  assert.equal(seedAgreement([flat, [1, 2, 3]]).rankCorrelation, 0);
});

Deno.test("the same weights agree; the order of seeds and tasks is nothing", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 9 }), {
    minLength: 4,
    maxLength: 4,
  });
  fc.assert(fc.property(
    fc.array(weights, { minLength: 2, maxLength: 5 }),
    (seeds) => {
      const same = seedAgreement([seeds[0]!, seeds[0]!]);
      assert.equal(same.distance, 0);
      assert.ok(Math.abs(same.rankCorrelation - 1) < 1e-12);
      const plain = seedAgreement(seeds);
      const turned = seedAgreement(
        seeds.toReversed().map((w) => w.toReversed()),
      );
      assert.ok(plain.distance >= 0 && plain.distance <= 1);
      assert.ok(Math.abs(plain.rankCorrelation) <= 1 + 1e-12);
      assert.ok(Math.abs(plain.distance - turned.distance) < 1e-12);
      assert.ok(
        Math.abs(plain.rankCorrelation - turned.rankCorrelation) < 1e-12,
      );
    },
  ));
});

Deno.test("weightWarnings() tells seeds that differ, each by its number", () => {
  const weights = [0.5, 0.3, 0.2];
  const kinds = (seeds: number[][], limits = {}) =>
    weightWarnings({ weights, seeds }, limits).map((w) => w.kind);
  assert.deepEqual(kinds([weights, weights]), []);
  assert.deepEqual(kinds([weights]), []);
  // Same order, a fifth of the mixture moved.
  const steep = [0.7, 0.2, 0.1];
  assert.deepEqual(kinds([weights, steep]), ["seeds-differ"]);
  assert.deepEqual(kinds([weights, steep], { maxSeedDistance: 0.21 }), []);
  // Another order, hardly another mixture.
  const flat = [[0.34, 0.33, 0.33], [0.33, 0.33, 0.34]];
  assert.deepEqual(kinds(flat), ["seeds-rank-differently"]);
  const [warning] = weightWarnings({ weights, seeds: [weights, steep] });
  assert.ok(Math.abs(warning!.value - 0.2) < 1e-12);
  assert.equal(warning!.limit, 0.1);
  assert.match(
    warning!.message,
    /^two of the 2 seeds differ by 20 % [^\n]*[^.]$/,
  );
});

Deno.test("seedAgreement() refuses what it can't compare", () => {
  assert.throws(() => seedAgreement([[1, 1]]), /at least 2 seeds/);
  assert.throws(
    () => seedAgreement([[1, 1], [1]]),
    /seed 1 must have 2 weights/,
  );
  assert.throws(
    () => seedAgreement([[1, 1], [0, 0]]),
    /seed 1 must have a weight/,
  );
  assert.throws(() => seedAgreement([[1, -1], [1, 1]]), /weight 1 of seed 0/);
});
