import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type DevReport,
  type DevState,
  isDevReport,
  withDev,
  type WithDevOptions,
} from "../../lib/train/mod.ts";

/** Stands for train(), from some update on. */
async function* steps(from: number, total: number) {
  for (let step = from; step < total; step++) yield { step };
}

/** What it yields, without times; up to `most` events. */
async function collect(
  scores: readonly number[],
  { total, most = Infinity, ...options }:
    & { total: number; most?: number }
    & Omit<WithDevOptions, "evaluate">,
) {
  const events: ({ step: number } | Omit<DevReport, "seconds">)[] = [];
  const evaluate = (updates: number) =>
    Promise.resolve({ a: scores[updates]!, b: scores[updates]! / 2 });
  const { done = 0 } = options;
  for await (
    const event of withDev(steps(done, total), { ...options, evaluate })
  ) {
    if (isDevReport(event)) {
      const { seconds: _, ...rest } = event;
      events.push(rest);
    } else events.push(event);
    if (events.length === most) break;
  }
  return events;
}

/** Step and mean of the evaluations. */
function means(events: readonly object[]) {
  return events.filter(isDevReport).map(({ step, mean }) => [step, mean]);
}

Deno.test("withDev() evaluates at the start, between updates, and at the end", async () => {
  const events = await collect([0, 1, 2, 3, 4, 5], { total: 5, every: 2 });
  // The mean of x and x / 2.
  assert.deepEqual(means(events), [[0, 0], [2, 1.5], [4, 3], [5, 3.75]]);
  // An update comes before the evaluation of the model that it made.
  assert.deepEqual(events.map((e) => isDevReport(e) ? "dev" : e.step), [
    "dev",
    0,
    1,
    "dev",
    2,
    3,
    "dev",
    4,
    "dev",
  ]);
});

Deno.test("withDev() keeps the first of equal bests, and ends when patience does", async () => {
  const scores = [0.2, 0.5, 0.4, 0.5, 0.3, 0.9];
  const events = await collect(scores, { total: 5, every: 1, patience: 3 });
  const { state } = events.findLast(isDevReport)!;
  assert.deepEqual(
    [state.best.step, state.last.step, state.since],
    [1, 4, 3],
  );
  assert.equal(state.bestBefore!.step, 0);
});

Deno.test("withDev() stopped anywhere goes on as if it never was", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 13, maxLength: 13 }),
    fc.integer({ min: 1, max: 5 }),
    fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    fc.integer({ min: 1, max: 20 }),
    async (scores, every, patience, most) => {
      const options = { total: 12, every, patience };
      const whole = await collect(scores, options);
      const first = await collect(scores, { ...options, most });
      const done = first.filter((e) => !isDevReport(e)).length;
      const kept = first.findLast(isDevReport)?.state;
      // As it comes back from a checkpoint.
      const state = kept && JSON.parse(JSON.stringify(kept)) as DevState;
      const rest = await collect(scores, { ...options, done, state });
      const plain = (events: object) => JSON.parse(JSON.stringify(events));
      assert.deepEqual(plain([...first, ...rest]), plain(whole));
    },
  ));
});

Deno.test("withDev() ends the training that it stops", async () => {
  let ended = false;
  async function* endless() {
    try {
      for (let step = 0;; step++) yield { step };
    } finally {
      ended = true;
    }
  }
  const evaluate = () => Promise.resolve({ a: 1 });
  await Array.fromAsync(
    withDev(endless(), { every: 1, patience: 2, evaluate }),
  );
  assert.ok(ended);
});

Deno.test("withDev() refuses what it can't do", async () => {
  const evaluate = () => Promise.resolve({ a: NaN });
  await assert.rejects(
    Array.fromAsync(withDev(steps(0, 3), { every: 2, evaluate })),
    /the score of a must be finite: got NaN after 0 updates/,
  );
  for (
    const wrong of [{ every: 0 }, { every: 1.5 }, { every: 1, patience: 0 }]
  ) {
    await assert.rejects(
      Array.fromAsync(withDev(steps(0, 3), { ...wrong, evaluate })),
      /must be an integer >= 1/,
    );
  }
});
