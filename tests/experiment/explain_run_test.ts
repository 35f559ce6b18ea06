import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import { replayWeights } from "../../lib/dro/mod.ts";
import {
  experimentPlots,
  explainRun,
  readRunLosses,
  runExperiment,
} from "../../lib/experiment/mod.ts";
import { toySuite } from "../_toy_suite.ts";
import { tdro } from "../cli/_capture.ts";
import { tempFolder } from "../_temp_folder.ts";

const SETTINGS = {
  hiddenSize: 16,
  vocabSize: 200,
  steps: 2,
  weightSteps: 6,
  batchSize: 6,
  weightBatchSize: 6,
  negatives: 3,
};

/** Leaves a small run in a new folder. */
async function smallRun() {
  const out = `${await tempFolder()}/run`;
  const backend = await useBackend("wasm");
  const events = runExperiment(toySuite(), { ...SETTINGS, out, backend });
  while (true) {
    const next = await events.next();
    if (next.done) return { out, result: next.value };
  }
}

Deno.test("a run's log gives its weights again, and says why", async (t) => {
  const { out, result } = await smallRun();
  const { summary, metrics } = result;
  const weights = summary.tasks.map((task) => task.weight);

  await t.step(
    "readRunLosses() and replayWeights() give every weight",
    async () => {
      const { log, update } = await readRunLosses(out);
      assert.deepEqual(log.tasks, summary.tasks.map((task) => task.name));
      assert.deepEqual(log.sizes, summary.tasks.map((task) => task.size));
      assert.deepEqual(update, { measure: "released", eta: 0.25 });
      const { state, history } = replayWeights(log.lines, update);
      assert.deepEqual(state.curr, weights);
      assert.deepEqual(
        history,
        metrics.flatMap((l) => l.weights ? [l.weights] : []),
      );
      const other = replayWeights(log.lines, {
        ...update,
        measure: "ratio-of-means",
      });
      assert.deepEqual(
        other.state.curr,
        summary.tasks.map((task) => task.otherWeight),
      );
    },
  );

  await t.step("explainRun() tells the course and the losses", async () => {
    const rows = await explainRun(out);
    assert.deepEqual(rows.map((row) => row.end), weights);
    assert.equal(rows.reduce((sum, row) => sum + row.drawn, 0), 6 * 6);
    for (const row of rows) {
      assert.equal(row.trajectory.length, 7);
      assert.match(row.why, /from 0\.333 to 0\.\d{3}[^\n]*[^.]$/);
      // The log's means by task and the examples are two routes to one number.
      const seen = metrics.flatMap((l) =>
        l.stage === "weights" && l.lossByTask[row.task] !== undefined ? [l] : []
      );
      assert.ok(Math.abs(row.present - seen.length / 6) < 1e-12);
      const ratios = seen.map((l) =>
        l.lossByTask[row.task]! / l.referenceLossByTask![row.task]!
      );
      const mean = ratios.reduce((a, b) => a + b, 0) / ratios.length;
      // Under 1e-4 a mean reference loss counts as 1: not so here.
      assert.ok(Math.abs(row.ratioOfMeans! / mean - 1) < 1e-9);
    }
  });

  await t.step("report and plots show it", async () => {
    const html = await Deno.readTextFile(`${out}/report.html`);
    assert.match(html, /Why the weights rose or fell/);
    assert.match(html, /as hard as the mean task/);
    assert.ok(experimentPlots(summary, metrics).measures);
    const bare = metrics.map(({ examples: _, ...line }) => line);
    assert.equal(experimentPlots(summary, bare).measures, undefined);
  });

  await t.step("tdro weights explain prints table and sentences", async () => {
    const { code, out: text } = await tdro("weights", "explain", out);
    assert.equal(code, 0);
    assert.match(text, /^task +start +end +chance +chance +pull/);
    for (const { name } of summary.tasks) {
      assert.match(text, new RegExp(`^${name} (rose|fell|hardly moved)`, "m"));
    }
    const svg = `${out}/measures.svg`;
    await tdro("weights", "explain", out, "--plot", svg);
    assert.match(await Deno.readTextFile(svg), /^<svg/);
    const json = JSON.parse(
      (await tdro("weights", "explain", out, "--json")).out,
    );
    assert.deepEqual(json.tasks, await explainRun(out));
    assert.equal(json.follow.tasks, 3);
  });

  await t.step("tdro weights replay takes the run's own settings", async () => {
    for (const path of [out, `${out}/metrics.jsonl`]) {
      const json = JSON.parse(
        (await tdro("weights", "replay", path, "--json")).out,
      );
      assert.deepEqual(
        json.map((row: { weight: number }) => row.weight).sort(),
        weights.toSorted(),
      );
    }
  });

  await t.step("a log without examples is told", async () => {
    const path = `${out}/metrics.jsonl`;
    const lines = (await Deno.readTextFile(path)).trim().split("\n");
    await Deno.writeTextFile(
      path,
      lines.map((line) =>
        JSON.stringify({ ...JSON.parse(line), examples: undefined }) + "\n"
      ).join(""),
    );
    await assert.rejects(explainRun(out), {
      name: "SyntaxError",
      message: /Cannot use the log: .* run it again with this version$/,
    });
  });
  await Deno.remove(out, { recursive: true });
});

Deno.test("explainRun() names what is no run", async () => {
  const folder = await tempFolder();
  await assert.rejects(explainRun(folder), {
    name: "NotFound",
    message: /^Cannot read the run in .*: it has no run\.json/,
  });
  await Deno.writeTextFile(`${folder}/run.json`, "{}");
  await assert.rejects(explainRun(folder), {
    name: "SyntaxError",
    message: /run\.json:1: Cannot read the run/,
  });
});
