import assert from "node:assert/strict";
import { op } from "arquero";
import { selfShowing } from "../../../lib/report/notebook/mod.ts";
import {
  DISPLAY,
  metricsTable,
  scoresTable,
  show,
  type Shown,
  suiteTable,
  weightsTable,
} from "../../../lib/report/mod.ts";
import { openSuite, suiteFromRows, writeSuite } from "../../../lib/data/mod.ts";
import {
  readWeightFile,
  weightFile,
  writeWeightFile,
} from "../../../lib/dro/mod.ts";
import { collectReport, evaluateRetriever } from "../../../lib/eval/mod.ts";
import { cloneEncoder, disposeEncoder } from "../../../lib/model/mod.ts";
import { useBackend } from "../../../lib/backend/mod.ts";
import { bm25Retriever } from "../../../lib/search/mod.ts";
import { readRun } from "../../../lib/experiment/mod.ts";
import { writeFakeRun } from "../../experiment/_fake_runs.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { toySuite } from "../../_toy_suite.ts";

/** What a kernel gets from a value that ends a cell. */
async function html(value: unknown): Promise<string> {
  const bundle = await (value as Shown)[DISPLAY]();
  return bundle["text/html"] as string;
}

Deno.test("what rooms give shows itself: suite, task, weights, report, encoder, run", () =>
  inTempFolder(async (folder) => {
    await writeSuite(toySuite(), `${folder}/suite`);
    const suite = await openSuite(`${folder}/suite`);
    const written = `${folder}/weights.json`;
    const sizes = { names: ["a", "b"], weights: [0.75, 0.25], sizes: [9, 9] };
    await writeWeightFile(written, weightFile(sizes));
    await useBackend("cpu");
    const small = smallEncoder();
    const clone = cloneEncoder(small);
    await writeFakeRun(`${folder}/run`);
    const rows = [{ query: "capital of France", passage: "Paris", topic: "x" }];
    const cases: [value: unknown, says: RegExp][] = [
      [suite, /^Suite “toy”: \d task.*\n\ntask +kind/],
      [
        suite.tasks[0],
        /^Task “shades”: .* passages.*\n\nsplit +query +passage/,
      ],
      [
        await suiteFromRows(rows, { task: "topic" }),
        /^Suite “suite”: 1 task, 1/,
      ],
      [await readWeightFile(written), /^Weights of 2 tasks\n\ntask +weight/],
      [
        await collectReport(evaluateRetriever(bm25Retriever, suite)),
        /^Evaluation on “toy”\n\n[^]*\nmean +– /,
      ],
      [small, /^Encoder: bert/],
      [clone, /^Encoder: bert/],
      [await readRun(`${folder}/run`), /^Run on “fake”, seed 1: mean nDCG@10/],
    ];
    for (const [value, says] of cases) {
      assert.match(Deno.inspect(value), says);
      const [caption] = Deno.inspect(value).split("\n");
      assert.ok((await html(value)).includes(`<caption>${caption}`), caption);
      // Inside something else, too: no passage is dumped.
      assert.ok(Deno.inspect({ value }).length < 4000);
    }
    disposeEncoder(small);
    disposeEncoder(clone);
  }));

Deno.test("selfShowing() changes nothing that a program sees", () => {
  const plain = toySuite();
  const shown = selfShowing(toySuite());
  assert.deepEqual(shown, plain);
  assert.equal(JSON.stringify(shown), JSON.stringify(plain));
  assert.deepEqual(Reflect.ownKeys({ ...shown }), ["name", "tasks"]);
  assert.deepEqual(structuredClone(shown), plain);
});

Deno.test("what is no suite any more is shown as what it is", () => {
  const suite = selfShowing({ name: "s", tasks: [] as unknown[] });
  assert.match(Deno.inspect(suite), /^Suite “s”: 0 tasks/);
  suite.tasks.push(7);
  assert.match(Deno.inspect(suite), /\{ name: "s", tasks: \[ 7 \] \}/);
  assert.match(`${show(suite)}`, /tasks: \[ 7 \]/);
});

Deno.test("show() takes its options for what shows itself, too", async () => {
  const suite = selfShowing(toySuite());
  const shown = show(suite, { maxRows: 1, caption: "Mine" });
  assert.match(String(shown), /^Mine\n\n[^]*… 2 more rows/);
  const { "text/html": html } = await shown[DISPLAY]();
  assert.match(html as string, /<caption>Mine<\/caption>[^]*2 more rows/);
});

Deno.test("await show() prints where there is no notebook", async () => {
  const printed: unknown[] = [];
  const { log } = console;
  console.log = (...values) => void printed.push(...values);
  try {
    assert.equal(await show([{ task: "a", n: 1 }]), undefined);
  } finally {
    console.log = log;
  }
  assert.deepEqual(printed, ["task  n\n----  -\na     1"]);
});

Deno.test("tables of a run: weights, metrics, scores; of a suite", () =>
  inTempFolder(async (folder) => {
    const summary = await writeFakeRun(folder, { tasks: ["a", "b"] });
    const run = await readRun(folder);
    const weights = weightsTable(run);
    assert.deepEqual(
      weights.array("weight"),
      summary.tasks.map(({ weight }) => weight),
    );
    assert.ok(
      Math.abs(
        weights.rollup({ sum: op.sum("timesUniform") }).get("sum", 0) - 2,
      ) <
        1e-12,
    );
    const metrics = metricsTable(run);
    assert.equal(metrics.numRows(), run.metrics.length);
    assert.deepEqual(metrics.array("loss"), run.metrics.map((m) => m.loss));
    const byTask = metricsTable(run, { by: "task" });
    const last = run.metrics.findLast(({ weights }) => weights)!;
    assert.deepEqual(
      byTask.objects().filter((row) => "weight" in row && row.weight !== null)
        .slice(-2).map((row) => (row as { weight: number }).weight),
      last.weights,
    );
    const scores = scoresTable(run);
    assert.equal(
      scores.numRows(),
      Object.keys(run.reports!).length * summary.tasks.length,
    );
    assert.deepEqual(
      [scores.get("arm", 0), scores.get("task", 0), scores.get("nDCG@10", 0)],
      ["uniform", "a", run.reports!.uniform.tasks[0]!.mean["nDCG@10"]],
    );
    const queries = scoresTable(run.reports!.top, { by: "query" });
    assert.equal(
      queries.numRows(),
      run.reports!.top.tasks.reduce((n, t) => n + t.queryIds.length, 0),
    );
    assert.deepEqual(
      suiteTable(toySuite()).array("passages"),
      toySuite().tasks.map(({ corpus }) => corpus.size),
    );
    assert.throws(
      () => metricsTable({ summary }),
      /Cannot make a table of metrics: run must have its log/,
    );
    assert.throws(
      () => scoresTable({ summary }),
      /Cannot make a table of scores: run must have its evaluation/,
    );
  }));
