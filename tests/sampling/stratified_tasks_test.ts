import assert from "node:assert/strict";
import fc from "fast-check";
import {
  batches,
  createRng,
  cumulativeShares,
  stratifiedTasks,
} from "../../lib/sampling/mod.ts";
import { rowsOf } from "./_rows.ts";

const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const weights = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
  minLength: 1,
  maxLength: 40,
}).filter((list) => list.some((weight) => weight > 1e-6));

Deno.test("a task gets its share of every batch, rounded down or up", () => {
  fc.assert(
    fc.property(
      weights,
      fc.integer({ min: 1, max: 300 }),
      uniform,
      (list, count, u) => {
        const drawn = stratifiedTasks(cumulativeShares(list), count, u);
        const total = list.reduce((sum, weight) => sum + weight, 0);
        assert.equal(drawn.length, count);
        list.forEach((weight, k) => {
          const share = count * weight / total;
          const rows = drawn.filter((domain) => domain === k).length;
          assert.ok(
            rows >= Math.floor(share - 1e-9) && rows <= Math.ceil(share + 1e-9),
            `task ${k}: ${rows} of ${share}`,
          );
          if (weight === 0) assert.equal(rows, 0);
        });
      },
    ),
  );
});

Deno.test("over many batches a task has its share, also where batches are smaller than the tasks are many", () => {
  const rng = createRng(1, "test");
  const shares = cumulativeShares([1, 2, 3, 4]);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 30_000; i++) {
    for (const k of stratifiedTasks(shares, 2, rng.next())) counts[k]!++;
  }
  // 60,000 rows; a share p has a standard deviation of at most √(p (1 − p) / 30,000).
  counts.forEach((count, k) =>
    assert.ok(Math.abs(count / 60_000 - (k + 1) / 10) < 0.012, `${counts}`)
  );
});

Deno.test("mixed batches can be stratified, and go on from any cursor", () => {
  const rows = rowsOf([5, 7, 3, 4]);
  const options = {
    size: 8,
    seed: 3,
    count: 6,
    homogeneous: false,
    passages: 1,
    taskDraw: "stratified" as const,
  };
  const all = [...batches(rows, [1, 1, 1, 1], options)];
  for (const { examples } of all) {
    for (const k of [0, 1, 2, 3]) {
      assert.equal(examples.filter(({ domain }) => domain === k).length, 2);
    }
  }
  const cursor = all[2]!.cursor;
  const rest = [...batches(rows, [1, 1, 1, 1], { ...options, cursor })];
  assert.deepEqual(
    rest.map(({ examples }) => examples.map(({ row }) => row)),
    all.slice(3).map(({ examples }) => examples.map(({ row }) => row)),
  );
});
