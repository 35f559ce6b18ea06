import assert from "node:assert/strict";
import schema from "vega-lite/vega-lite-schema.json" with { type: "json" };
import {
  DISPLAY,
  type DisplayFunction,
  renderSvg,
  show,
  TrainingPanel,
  type TrainingStepLike,
  watchTraining,
} from "../../../lib/report/mod.ts";
import { testClock } from "../../_test_clock.ts";
import { checkSchema } from "../_check_schema.ts";
import { HOSTILE, TASKS } from "../_sample_rows.ts";

function report(
  step: number,
  tasks: readonly string[],
  weights = true,
): TrainingStepLike {
  const domains = [step % tasks.length, (step + 1) % tasks.length];
  return {
    step,
    loss: 2 / (step + 1),
    gradNorm: 0.5,
    tokens: 1000,
    seconds: 0.5,
    losses: domains.map((d) => 1 + d),
    domains,
    state: weights ? { curr: tasks.map(() => 1 / tasks.length) } : undefined,
  };
}

async function* steps(count: number, seen: number[] = []) {
  for (let step = 0; step < count; step++) {
    seen.push(step);
    yield await Promise.resolve(report(step, TASKS));
  }
}

for (const tasks of [TASKS, ["one"], HOSTILE]) {
  Deno.test(`a panel of ${tasks.length} tasks (${tasks[0]}) is a plot that holds to the schema`, async () => {
    for (const weights of [true, false]) {
      const panel = new TrainingPanel({
        names: tasks,
        sizes: tasks.map(() => 4),
        total: 40,
      });
      for (let step = 0; step < 30; step++) {
        panel.add(report(step, tasks, weights));
      }
      const spec = panel.plot()!;
      assert.equal(checkSchema(spec, schema), undefined);
      assert.equal(spec.vconcat.length, weights ? 2 : 1);
      const warnings: string[] = [];
      await renderSvg(spec, { onWarning: (w) => warnings.push(w) });
      assert.deepEqual(warnings, []);
      const bundle = await show(panel)[DISPLAY]();
      assert.deepEqual(Object.keys(bundle), [
        "application/vnd.vegalite.v5+json",
        "image/svg+xml",
        "text/plain",
      ]);
    }
  });
}

Deno.test("a panel tells pace, time left and passes", () => {
  const panel = new TrainingPanel({
    title: "Proxy",
    names: ["a", "b"],
    sizes: [8, 4],
    total: 10,
  });
  assert.equal(String(panel), "Proxy  waiting for the first update");
  assert.equal(panel.plot(), undefined);
  for (let step = 0; step < 4; step++) panel.add(report(step, ["a", "b"]));
  assert.equal(
    String(panel),
    "Proxy  4/10  loss 0.500  gradient norm 0.500  2,000 tokens/s  0:03 left",
  );
  // Four updates, each with one example of either.
  assert.deepEqual(panel.plot()!.title.subtitle, [
    "Passes: b 1.00, a 0.50",
  ]);
  panel.end("interrupted");
  assert.match(String(panel), /tokens\/s {2}interrupted$/);
});

Deno.test("a panel shows dev scores that come between updates", () => {
  const panel = new TrainingPanel({ names: ["a", "b"] });
  for (let step = 0; step < 3; step++) {
    const scores = { a: 0.5 - step / 10, b: 0.4 };
    panel.add({ step, mean: (scores.a + scores.b) / 2, scores });
    panel.add(report(step, ["a", "b"], false));
  }
  assert.match(String(panel), /loss 0\.667 {2}dev 0\.350 {2}gradient/);
  const spec = panel.plot()!;
  assert.equal(checkSchema(spec, schema), undefined);
  assert.equal(spec.vconcat.length, 2);
  assert.deepEqual(spec.vconcat[1].title.text, ["Dev scores by task"]);
});

Deno.test("watchTraining() shows at most four panels a second, the last one always", async () => {
  // Loaded before: that takes time which the clock in hand doesn't know.
  await Promise.all([import("vega"), import("vega-lite")]);
  using clock = testClock();
  const shown: { at: number; text: string; id: string; update: boolean }[] = [];
  const display: DisplayFunction = (bundle, { displayId, update }) => {
    shown.push({
      at: performance.now(),
      text: String(bundle["text/plain"]),
      id: displayId,
      update,
    });
    return Promise.resolve();
  };
  async function* run() {
    for await (const step of steps(60)) {
      yield step;
      await clock.tickAsync(20);
    }
  }
  const seen: number[] = [];
  for await (
    const { step } of watchTraining(run(), {
      names: TASKS,
      total: 60,
      display,
    })
  ) seen.push(step);
  assert.equal(seen.length, 60);
  assert.match(shown.at(-1)!.text, /60\/60 .* done$/);
  assert.equal(new Set(shown.map(({ id }) => id)).size, 1, "in one place");
  assert.deepEqual(
    shown.map(({ update }) => update),
    shown.map((_, i) => i > 0),
  );
  assert.deepEqual(shown.map(({ at }) => at), [0, 250, 500, 750, 1000, 1200]);
});

Deno.test("watchTraining() outside a notebook prints a line", async () => {
  let plain = "", terminal = "";
  for await (
    const _ of watchTraining(steps(3), {
      total: 3,
      terminal: false,
      write: (text) => plain += text,
    })
  );
  const lines = plain.trimEnd().split("\n");
  assert.match(lines[0]!, /^Training {2}1\/3 /);
  assert.match(lines.at(-1)!, /^Training {2}3\/3 .* done$/);
  for await (
    const _ of watchTraining(steps(3), {
      title: "\u001b[2Jbad",
      terminal: true,
      write: (text) => terminal += text,
    })
  );
  // In place, and a title can't steer the terminal.
  // deno-lint-ignore no-control-regex
  assert.match(terminal, /^\r\u001b\[2K\ufffd\[2Jbad {2}step 1 [^\n]*\n$/);
});

Deno.test("watchTraining() ends the run when its reader leaves, and passes errors on", async () => {
  let ended = false;
  async function* run() {
    try {
      yield* steps(10);
    } finally {
      ended = true;
    }
  }
  const write = () => {};
  for await (const _ of watchTraining(run(), { write })) break;
  assert.ok(ended);
  async function* broken() {
    yield report(0, TASKS);
    throw new RangeError("loss is NaN");
  }
  await assert.rejects(
    Array.fromAsync(watchTraining(broken(), { write })),
    /loss is NaN/,
  );
});
