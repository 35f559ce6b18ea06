import fc from "fast-check";
import assert from "node:assert/strict";
import {
  explainWeights,
  replayWeights,
  whatWeightsFollow,
} from "../../lib/dro/mod.ts";

const task = fc.record({
  end: fc.integer({ min: 1, max: 9 }),
  loss: fc.integer({ min: 1, max: 99 }),
  referenceLoss: fc.integer({ min: 1, max: 99 }),
});
const tasks = fc.array(task, { minLength: 3, maxLength: 12 });

Deno.test("ranks, and so neither the weights' scale nor the tasks' order, count", () => {
  fc.assert(fc.property(tasks, (rows) => {
    const plain = whatWeightsFollow(rows)!;
    const turned = whatWeightsFollow(
      rows.toReversed().map((row) => ({ ...row, end: Math.exp(row.end) })),
    )!;
    for (
      const name of [
        "lag",
        "referenceLoss",
        "excessLoss",
        "lossRatio",
      ] as const
    ) {
      assert.ok(Math.abs(plain[name] - turned[name]) < 1e-12, name);
      if (name !== "lag") assert.ok(Math.abs(plain[name]) <= 1 + 1e-12);
    }
  }));
});

Deno.test("weights in the order of the reference's loss rank 1 with it", () => {
  fc.assert(fc.property(tasks, (rows) => {
    const sorted = rows.map((row) => ({ ...row, end: row.referenceLoss }));
    // Equal everywhere: constant lists agree.
    assert.ok(
      Math.abs(whatWeightsFollow(sorted)!.referenceLoss - 1) < 1e-12,
    );
  }));
});

Deno.test("tasks that were never drawn are left out; two are too few", () => {
  const row = (end: number, loss: number | null, r: number | null) => ({
    end,
    loss,
    referenceLoss: r,
  });
  const three = [row(0.5, 3, 1), row(0.3, 2, 1), row(0.2, 1, 1)];
  const found = whatWeightsFollow([...three, row(0.1, null, null)])!;
  assert.equal(found.tasks, 3);
  assert.equal(found.lag, 2);
  assert.equal(found.excessLoss, 1);
  assert.deepEqual(found, whatWeightsFollow(three));
  assert.equal(whatWeightsFollow(three.slice(1)), undefined);
  assert.equal(
    whatWeightsFollow(three.map((r) => row(r.end, 1, 0))),
    undefined,
  );
});

Deno.test("a level proxy under the released measure ranks by the reference's loss", () => {
  // Task k has 10 − k easy examples (far below the floor) and k hard ones; the proxy
  // is level on all. The floor makes easy examples count for nothing.
  const count = 10;
  const domains: number[] = [], referenceLosses: number[] = [];
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < count; i++) {
      domains.push(k);
      referenceLosses.push(i < k ? 1 : 1e-5);
    }
  }
  const losses = referenceLosses.map((r) => 1.02 * r);
  const lines = [{ losses, referenceLosses, domains }];
  const { history } = replayWeights(lines, { eta: 0.2 });
  const names = Array.from({ length: count }, (_, k) => `task ${k}`);
  const found = whatWeightsFollow(explainWeights({ names, history, lines }))!;
  assert.ok(Math.abs(found.lag - 1.02) < 1e-9);
  assert.ok(found.referenceLoss > 0.99, `${found.referenceLoss}`);
});
