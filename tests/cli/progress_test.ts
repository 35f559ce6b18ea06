import assert from "node:assert/strict";
import { clockTime, renderProgress } from "../../lib/cli/progress.ts";
import { captured } from "./_capture.ts";
import type { ProgressEvent } from "../../lib/base/progress_event.ts";

/** Work of one stage after another, each of so many steps. */
async function* work(
  stages: Record<string, number>,
  done: { cleaned?: boolean } = {},
): AsyncGenerator<ProgressEvent, string> {
  try {
    for (const [stage, total] of Object.entries(stages)) {
      for (let i = 0; i <= total; i++) {
        await Promise.resolve();
        yield {
          stage,
          label: `doing ${stage}`,
          done: i,
          total,
          note: `loss ${total - i}`,
        };
      }
    }
    return "result";
  } finally {
    done.cleaned = true;
  }
}

Deno.test("renderProgress() writes lines that tell how far it is", async () => {
  const io = captured();
  await renderProgress(work({ encode: 100, train: 40 }), {
    ...io,
    quiet: false,
  });
  const lines = io.complaints.replaceAll(/\d+\.\d s/g, "T s")
    .replaceAll(/\d:\d\d/g, "M:SS").trimEnd().split("\n");
  assert.deepEqual(lines, [
    "encode: doing encode (0/100)  loss 100",
    "encode: 25 %  25/100  M:SS  loss 75",
    "encode: 50 %  50/100  M:SS  loss 50",
    "encode: 75 %  75/100  M:SS  loss 25",
    "encode: done in T s  loss 0",
    "train: doing train (0/40)  loss 40",
    "train: 25 %  10/40  M:SS  loss 30",
    "train: 50 %  20/40  M:SS  loss 20",
    "train: 75 %  30/40  M:SS  loss 10",
    "train: done in T s  loss 0",
  ]);
});

Deno.test("renderProgress() names the steps of a stage that has few", async () => {
  const io = captured();
  async function* steps(): AsyncGenerator<ProgressEvent, void> {
    await Promise.resolve();
    yield { stage: "setup", label: "downloading", done: 0, total: 2 };
    yield { stage: "setup", label: "compiling", done: 1, total: 2 };
    yield { stage: "setup", label: "ready", done: 2, total: 2, note: "here" };
  }
  await renderProgress(steps(), { ...io, quiet: false });
  assert.deepEqual(io.complaints.split("\n").slice(0, 3), [
    "setup: downloading (0/2)",
    "setup: compiling (1/2)",
    "setup: ready (2/2)  here",
  ]);
  assert.match(io.complaints, /\nsetup: done in \d+\.\d s\n$/);
});

Deno.test("renderProgress() draws a bar a stage on a terminal", async () => {
  const io = captured({ terminal: true });
  await renderProgress(work({ encode: 4, train: 8 }), { ...io, quiet: false });
  const [encode, train, rest] = io.complaints.split("\n");
  const [, first, last] = encode!.split("\r\u001b[K");
  assert.equal(first, `doing encode  ${"░".repeat(24)}   0 %  0/4  …  loss 4`);
  assert.equal(
    last,
    `doing encode  ${"█".repeat(24)} 100 %  4/4  0:00  loss 0`,
  );
  assert.match(train!, /doing train {2}█{24} 100 % {2}8\/8/);
  assert.equal(rest, "");
});

Deno.test("renderProgress() keeps a bar within one line", async () => {
  const io = captured({ terminal: true, columns: 30 });
  await renderProgress(work({ encode: 2 }), { ...io, quiet: false });
  for (const line of io.complaints.trimEnd().split("\r\u001b[K")) {
    assert.ok([...line].length < 30, line);
  }
});

Deno.test("renderProgress() says nothing with --quiet", async () => {
  const io = captured({ terminal: true });
  await renderProgress(work({ encode: 2 }), { ...io, quiet: true });
  assert.equal(io.complaints, "");
});

Deno.test("renderProgress() ends the work when Ctrl-C was pressed", async () => {
  for (const terminal of [false, true]) {
    const controller = new AbortController();
    const io = captured({ terminal, signal: controller.signal });
    const done: { cleaned?: boolean } = {};
    let steps = 0;
    const watched = async function* () {
      for await (const event of work({ train: 1000 }, done)) {
        if (++steps === 10) controller.abort();
        yield event;
      }
      return "never";
    };
    await assert.rejects(
      renderProgress(watched(), { ...io, quiet: false }),
      { name: "AbortError" },
    );
    assert.equal(steps, 10);
    assert.equal(done.cleaned, true);
    assert.ok(io.complaints.endsWith("\n"));
  }
});

Deno.test("renderProgress() lets timers run beside work that never waits", async () => {
  const io = captured();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  // Ten million events take many seconds: timers that are starved never tick.
  async function* busy(): AsyncGenerator<ProgressEvent, void> {
    for (let done = 0; done < 1e7 && ticks < 2; done++) {
      await Promise.resolve();
      yield { stage: "busy", label: "busy", done, total: 0 };
    }
  }
  await renderProgress(busy(), { ...io, quiet: false });
  clearInterval(timer);
  assert.ok(ticks >= 2, `${ticks} ticks`);
});

Deno.test("renderProgress() passes on what the work throws, bar ended", async () => {
  const io = captured({ terminal: true });
  async function* broken(): AsyncGenerator<ProgressEvent, void> {
    await Promise.resolve();
    yield { stage: "a", label: "a", done: 0, total: 2 };
    throw new RangeError("Cannot go on");
  }
  await assert.rejects(renderProgress(broken(), { ...io, quiet: false }), {
    message: "Cannot go on",
  });
  assert.ok(io.complaints.endsWith("\n"));
});

Deno.test("clockTime() writes minutes, and hours where there are any", () => {
  assert.deepEqual([0, 59.6, 75, 3700].map(clockTime), [
    "0:00",
    "1:00",
    "1:15",
    "1:01:40",
  ]);
});

Deno.test("renderProgress() writes sentences as they are, between the bars", async () => {
  async function* planned(): AsyncGenerator<ProgressEvent, void> {
    const event = { done: 1, total: 1 };
    yield { ...event, stage: "start", label: "loading" };
    const lines = ["plan: 3 updates", "cut: a\u001b[31mb 5 %"];
    yield { ...event, stage: "plan", label: lines[0]!, lines };
    yield { ...event, stage: "train", label: "training" };
    await Promise.resolve();
  }
  const io = captured();
  await renderProgress(planned(), { ...io, quiet: false });
  const lines = io.complaints.replaceAll(/\d+\.\d s/g, "T s").trimEnd()
    .split("\n");
  assert.equal(lines.length, 6);
  assert.deepEqual(lines.slice(0, 3), [
    "start: loading (1/1)",
    "start: done in T s",
    "plan: 3 updates",
  ]);
  assert.match(lines[3]!, /^cut: a.*b 5 %$/);
  assert.ok(!lines[3]!.includes("\u001b"));
  assert.equal(lines[4], "train: training (1/1)");
  const quiet = captured();
  await renderProgress(planned(), { ...quiet, quiet: true });
  assert.equal(quiet.complaints, "");
});
