import fc from "fast-check";
import assert from "node:assert/strict";
import { explainWeights } from "../../lib/dro/explain_weights.ts";
import { replayWeights } from "../../lib/dro/log/replay_weights.ts";

const NAMES = ["nq", "quora", "xsum", "unseen"];
const EXAMPLES = [
  // nq lags; quora is level but has one easy example; xsum is ahead.
  {
    losses: [3, 1, 1, 0.5],
    referenceLosses: [1, 1, 1, 1],
    domains: [0, 0, 1, 2],
  },
  { losses: [2, 1, 1], referenceLosses: [1, 0.25, 1.75], domains: [0, 1, 1] },
];

Deno.test("explainWeights() worked by hand", () => {
  const { history } = replayWeights(EXAMPLES, {
    start: [1, 1, 1, 1],
    eta: 0.1,
  });
  const rows = explainWeights({
    names: NAMES,
    sizes: [3, 30, 10, 10],
    start: [1, 1, 1, 1],
    history,
    lines: EXAMPLES,
  });
  const [nq, quora, xsum, unseen] = rows;
  assert.deepEqual(rows.map((row) => row.task), NAMES);
  assert.equal(nq!.start, 0.25);
  assert.equal(nq!.end, history[1]![0]);
  assert.deepEqual(nq!.trajectory, [0.25, history[0]![0], history[1]![0]]);
  // Ratios of means 4/2 and 2/1; released: d is r over 4, then over 3.
  assert.equal(nq!.ratioOfMeans, 2);
  assert.equal(nq!.released, (8 + 6) / 2);
  assert.equal(quora!.ratioOfMeans, 1);
  // Batch 0: 4. Batch 1: (1 / (.25/3) + 1 / (1.75/3)) / 2 = (12 + 12/7) / 2.
  assert.ok(Math.abs(quora!.released! - (4 + (12 + 12 / 7) / 2) / 2) < 1e-12);
  assert.deepEqual([nq!.loss, nq!.referenceLoss], [2, 1]);
  assert.deepEqual([nq!.drawn, nq!.passes], [3, 1]);
  assert.deepEqual([quora!.drawn, quora!.passes], [3, 0.1]);
  assert.deepEqual([xsum!.drawn, xsum!.present], [1, 0.5]);
  // Above the batch mean, 1 and 1: only quora's 1.75.
  assert.deepEqual([nq!.hardShare, quora!.hardShare], [0, 1 / 3]);
  assert.deepEqual(
    [unseen!.released, unseen!.loss, unseen!.hardShare, unseen!.topShare],
    [null, null, null, null],
  );
  assert.match(
    xsum!.why,
    /^fell from 0\.250 to .*; it was in 50 % of the batches/,
  );
  assert.match(
    unseen!.why,
    /^went from 0\.250 to 0\.2\d\d: it was never drawn/,
  );
});

Deno.test("the pull tells how far each weight went, to rounding", () => {
  const losses = fc.array(fc.double({ min: 0.1, max: 9, noNaN: true }), {
    minLength: 8,
    maxLength: 8,
  });
  fc.assert(fc.property(
    fc.array(fc.tuple(losses, losses), { minLength: 1, maxLength: 6 }),
    fc.constantFrom("released", "ratio-of-means", "raw"),
    (batches, measure) => {
      const lines = batches.map(([losses, referenceLosses]) => ({
        losses,
        referenceLosses,
        domains: [0, 1, 2, 3, 0, 0, 2, 1],
      }));
      const { history } = replayWeights(lines, { measure, eta: 0.1 });
      const rows = explainWeights({ names: NAMES, history, lines, measure });
      // log(end/start) is eta · T · (mean pull) · pull, less log Z.
      const moved = rows.map((row) => Math.log(row.end / row.start));
      const slope = (moved[0]! - moved[1]!) / (rows[0]!.pull - rows[1]!.pull);
      fc.pre(Math.abs(rows[0]!.pull - rows[1]!.pull) > 1e-3);
      moved.forEach((m, k) =>
        assert.ok(
          Math.abs(m - moved[0]! - slope * (rows[k]!.pull - rows[0]!.pull)) <
            1e-9,
        )
      );
      const pulls = rows.reduce((sum, row) => sum + row.pull, 0);
      assert.ok(Math.abs(pulls - 4) < 1e-9);
    },
  ));
});

Deno.test("without reference losses only the proxy's are told", () => {
  const lines = [{ losses: [3, 1, 1], domains: [0, 1, 1] }];
  const { history } = replayWeights(lines, { measure: "raw" });
  const [a, b] = explainWeights({
    names: ["a", "b"],
    history,
    lines,
    measure: "raw",
  });
  assert.deepEqual([a!.released, a!.ratioOfMeans, a!.referenceLoss], [
    null,
    null,
    null,
  ]);
  assert.deepEqual([a!.hardShare, b!.hardShare], [1, 0]);
  assert.doesNotMatch(a!.why, /reference/);
  assert.equal(a!.size, null);
});

Deno.test("single strong examples are named where the means point the other way", () => {
  // Same ratio of means but for one easy example, which the released measure
  // divides by almost nothing.
  const a = Array.from({ length: 10 }, (_, i) => i === 0 ? 0.5 : 0.9);
  const ra = Array.from({ length: 10 }, (_, i) => i === 0 ? 0.01 : 1);
  const lines = [{
    losses: [...a, ...a.map(() => 1)],
    referenceLosses: [...ra, ...a.map(() => 1)],
    domains: [...a.map(() => 0), ...a.map(() => 1)],
  }];
  const { history } = replayWeights(lines, { eta: 0.2 });
  const [first] = explainWeights({ names: ["a", "b"], history, lines });
  assert.ok(first!.topShare! > 0.8, `${first!.topShare}`);
  assert.match(
    first!.why,
    /^rose .*; although the proxy loses 0\.954 times .*: its strongest tenth of examples made \d\d % of the pull$/,
  );
});

Deno.test("explainWeights() refuses what doesn't fit together", () => {
  const { history } = replayWeights(EXAMPLES, { start: [1, 1, 1, 1] });
  const good = { names: NAMES, history, lines: EXAMPLES };
  for (
    const [change, pattern] of [
      [{ history: [] }, /there is no update/],
      [{ lines: [] }, /there are no micro-batches/],
      [{ sizes: [1] }, /sizes must have one entry for each of the 4 tasks/],
      [{ names: ["a"] }, /the last weights must have/],
    ] as const
  ) {
    assert.throws(() => explainWeights({ ...good, ...change }), {
      name: "RangeError",
      message: pattern,
    });
  }
});

Deno.test("the pull is what the steps followed, however they were clipped", () => {
  const loss = fc.integer({ min: 1, max: 40 }).map((n) => n / 10);
  const line = fc.record({
    losses: fc.tuple(loss, loss, loss, loss),
    referenceLosses: fc.tuple(loss, loss, loss, loss),
  }).map((losses) => ({ ...losses, domains: [0, 1, 2, 2] }));
  const clips = fc.constantFrom(
    "norm" as const,
    "value" as const,
    "none" as const,
    { by: "norm" as const, max: 0.5 },
  );
  fc.assert(fc.property(
    fc.array(line, { minLength: 1, maxLength: 5 }),
    clips,
    (lines, clip) => {
      const update = { eta: 0.1, measure: "ratio-of-means" as const, clip };
      const { history, state } = replayWeights(lines, update);
      const names = ["nq", "quora", "xsum"];
      const rows = explainWeights({ names, history, lines, ...update });
      // Plain steps: log-weights are eta times the sums, up to a constant.
      const logs = state.curr.map(Math.log);
      const middle = logs.reduce((a, b) => a + b, 0) / 3;
      const [a, b] = [0, 1].map((k) => logs[k]! - middle);
      const [x, y] = [0, 1].map((k) => rows[k]!.pull - 1);
      assert.ok(Math.abs(a! * y! - b! * x!) < 1e-9);
    },
  ));
});
