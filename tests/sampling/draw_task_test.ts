import fc from "fast-check";
import assert from "node:assert/strict";
import { cumulativeShares, drawTask } from "../../lib/sampling/draw_task.ts";

const weights = fc.array(
  fc.oneof(
    fc.constant(0),
    fc.double({ min: 1e-300, max: 1e6, noNaN: true }),
  ),
  { minLength: 1, maxLength: 30 },
).filter((weights) => weights.some((weight) => weight > 0));

Deno.test("a draw is the first task whose running share exceeds it", () => {
  fc.assert(fc.property(
    weights,
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    (weights, uniform) => {
      const shares = cumulativeShares(weights);
      const drawn = drawTask(shares, uniform);
      assert.equal(drawn, shares.findIndex((share) => share > uniform));
      assert.ok(weights[drawn]! > 0);
    },
  ));
});

Deno.test("the largest and the smallest draw never reach a task of weight 0", () => {
  const most = 1 - 2 ** -53;
  fc.assert(fc.property(weights, (weights) => {
    const shares = cumulativeShares(weights);
    for (const uniform of [0, most]) {
      assert.ok(weights[drawTask(shares, uniform)]! > 0);
    }
  }));
  // Ten times 0.1 adds up to less than 1: the gap belongs to the last task.
  const tenths = cumulativeShares([...new Array(10).fill(0.1), 0]);
  assert.equal(drawTask(tenths, most), 9);
});

Deno.test("drawing rejects what it can't use", () => {
  assert.throws(() => cumulativeShares([1, NaN]), /weights\[1\].*got NaN/);
  assert.throws(() => cumulativeShares([1, -1]), /weights\[1\].*got -1/);
  assert.throws(() => cumulativeShares([0, 0]), /got 0 for 2 weights/);
  assert.throws(() => cumulativeShares([]), /got 0 for 0 weights/);
  for (const uniform of [1, -0.1, NaN]) {
    assert.throws(() => drawTask([1], uniform), /uniform must be in \[0, 1\)/);
  }
});
