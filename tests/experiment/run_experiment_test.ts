import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import { readWeightFile } from "../../lib/dro/mod.ts";
import {
  type ExperimentResult,
  parseExperimentOptions,
  type ProgressEvent,
  reportRuns,
  runExperiment,
  type RunExperimentOptions,
  verdict,
} from "../../lib/experiment/mod.ts";
import {
  disposeEncoder,
  loadEncoder,
  saveEncoder,
} from "../../lib/model/mod.ts";
import { onBackends } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toySuite } from "../_toy_suite.ts";
import { tempFolder } from "../_temp_folder.ts";

const SETTINGS = {
  hiddenSize: 16,
  vocabSize: 200,
  steps: 6,
  weightSteps: 6,
  batchSize: 6,
  weightBatchSize: 6,
  negatives: 3,
  checkpointEvery: 2,
};

/** Runs to the end, or leaves after a given event as an interruption does. */
async function run(
  options: RunExperimentOptions,
  stopAt?: (event: ProgressEvent) => boolean,
): Promise<{ events: ProgressEvent[]; result?: ExperimentResult }> {
  const events: ProgressEvent[] = [];
  const generator = runExperiment(toySuite(), options);
  while (true) {
    const next = await generator.next();
    if (next.done) return { events, result: next.value };
    events.push(next.value);
    if (stopAt?.(next.value)) {
      await generator.return(undefined as never);
      return { events };
    }
  }
}

onBackends("runExperiment() goes from tasks to a verdict", async (backend) => {
  const out = await tempFolder();
  const { events, result } = await run({
    ...SETTINGS,
    out: `${out}/run`,
    backend: await useBackend(backend),
  });
  const { summary, reports, metrics } = result!;
  assert.deepEqual(
    [...new Set(events.map((e) => e.stage))],
    [
      ...["start", "plan", "negatives", "uniform", "weights", "reweighted"],
      ...["top", "evaluation", "report"],
    ],
  );
  assert.equal(metrics.length, 4 * 6);
  assert.deepEqual(summary.tasks.map((t) => t.name), [
    "shades",
    "weights",
    "places",
  ]);
  const total = summary.tasks.reduce((sum, t) => sum + t.weight, 0);
  assert.ok(Math.abs(total - 1) < 1e-9);
  for (const arm of ["uniform", "reweighted", "top"] as const) {
    const mean = summary.tasks.reduce((sum, t) => sum + t.ndcg[arm], 0) / 3;
    assert.ok(Math.abs(mean - summary.mean[arm]) < 1e-9);
    assert.equal(reports[arm].tasks.length, 3);
    disposeEncoder(await loadEncoder(`${out}/run/models/${arm}`));
  }
  await assert.rejects(
    Deno.stat(`${out}/run/checkpoints`),
    Deno.errors.NotFound,
  );
  assert.equal(summary.dataUsed.uniform, 1);
  // 70 % of 3 tasks is 2.1: two are kept.
  const kept = [...summary.tasks].sort((a, b) => b.weight - a.weight)
    .slice(0, 2).reduce((sum, t) => sum + t.size, 0);
  const rows = summary.tasks.reduce((sum, t) => sum + t.size, 0);
  assert.ok(Math.abs(summary.dataUsed.top - kept / rows) < 1e-12);
  const file = await readWeightFile(`${out}/run/weights.json`);
  assert.deepEqual(file.names, summary.tasks.map((t) => t.name));
  assert.deepEqual(
    JSON.parse(await Deno.readTextFile(`${out}/run/summary.json`)),
    summary,
  );
  const html = await Deno.readTextFile(`${out}/run/report.html`);
  for (const sentence of verdict(summary)) {
    assert.ok(html.includes(sentence.slice(0, 40)), sentence);
  }
  assert.equal(html.match(/<svg/g)!.length, 7);
  // tdro report writes the same one again.
  assert.ok(await reportRuns([`${out}/run`]) === html);
  await Deno.remove(out, { recursive: true });
});

onBackends(
  "a run stopped in each stage ends as one never stopped",
  async (backend) => {
    const out = await tempFolder();
    const options = { ...SETTINGS, backend: await useBackend(backend) };
    const whole = await run({ ...options, out: `${out}/whole` });
    // Stopped thrice: between checkpoints of stage 0, in stage 1, in stage 2.
    const stops = ["uniform", "weights", "reweighted"];
    for (const stage of stops) {
      const { result } = await run(
        { ...options, out: `${out}/broken` },
        (e) => e.stage === stage && e.done === 3,
      );
      assert.equal(result, undefined, stage);
    }
    const broken = await run({ ...options, out: `${out}/broken` });
    assert.ok(broken.events.some((e) => /before/.test(e.label)));
    const strip = (r?: ExperimentResult) => ({
      ...r!.summary,
      seconds: null,
      metrics: r!.metrics.map(({ seconds: _, ...line }) => line),
    });
    assert.deepEqual(strip(broken.result), strip(whole.result));
    await Deno.remove(out, { recursive: true });
  },
);

Deno.test("maxPasses silences the warning it is for, and is refused before training where it can't hold", async () => {
  const out = await tempFolder();
  const backend = await useBackend("wasm");
  // 36 draws from 24 + 12 + 16 rows; uniform draws 12 from each, or 1 pass of 12.
  const { result } = await run({
    ...SETTINGS,
    eta: 2,
    maxPasses: 0.9,
    out: `${out}/run`,
    backend,
  });
  const { tasks } = result!.summary;
  assert.deepEqual(tasks.map((t) => t.size), [24, 12, 16]);
  const learned = tasks.map((t) => t.weight * 36 / t.size);
  assert.ok(Math.max(...learned) > 0.9, `${learned}`); // else nothing is tested
  assert.ok(!result!.summary.warnings.some((w) => /passes/.test(w)));
  const events: ProgressEvent[] = [];
  await assert.rejects(
    async () => {
      const refused = runExperiment(toySuite(), {
        ...SETTINGS,
        maxPasses: 0.5,
        out: `${out}/other`,
        backend,
      });
      for await (const event of refused) events.push(event);
    },
    { name: "RangeError", message: /passes over the 52 rows .* allow 0\.7/ },
  );
  assert.ok(events.every((e) => e.stage === "start"));
  await assert.rejects(Deno.stat(`${out}/other`), Deno.errors.NotFound);
  await Deno.remove(out, { recursive: true });
});

Deno.test("an aborted run leaves a checkpoint at the step it stopped", async () => {
  const out = await tempFolder();
  const controller = new AbortController();
  const options = {
    ...SETTINGS,
    checkpointEvery: 100,
    out: `${out}/run`,
    backend: await useBackend("wasm"),
    signal: controller.signal,
  };
  const generator = runExperiment(toySuite(), options);
  await assert.rejects(async () => {
    for await (const e of generator) {
      if (e.stage === "uniform" && e.done === 2) controller.abort();
    }
  }, { name: "AbortError" });
  const [checkpoint] = [
    ...Deno.readDirSync(`${out}/run/checkpoints/uniform`),
  ];
  assert.equal(checkpoint!.name, "step-000002");
  await Deno.remove(out, { recursive: true });
});

onBackends(
  "runExperiment() with LoRA trains adapters alone, and goes on with them",
  async (name) => {
    const work = await tempFolder();
    const backend = await useBackend(name);
    const start = smallEncoder();
    await saveEncoder(start, `${work}/start`);
    const options = {
      ...SETTINGS,
      backend,
      steps: 3,
      weightSteps: 3,
      model: `${work}/start`,
      lora: { rank: 2 },
      learningRate: 0.01,
    };
    const out = `${work}/run`;
    await run(
      { ...options, out },
      (e) => e.stage === "weights" && e.done === 2,
    );
    const { result } = await run({ ...options, out });
    const whole = await run({ ...options, out: `${work}/whole` });
    assert.deepEqual(
      result!.summary.tasks.map(({ weight, ndcg }) => [weight, ndcg]),
      whole.result!.summary.tasks.map(({ weight, ndcg }) => [weight, ndcg]),
    );
    const { options: noted } = JSON.parse(
      await Deno.readTextFile(`${out}/run.json`),
    );
    assert.deepEqual(
      [noted.lora.rank, noted.lora.alpha, noted.lora.targets],
      [2, 32, "all-linear"],
    );
    for (const arm of ["uniform", "reweighted"]) {
      const trained = await loadEncoder(`${out}/models/${arm}`);
      assert.equal(trained.lora?.rank, 2);
      for (const [name, parameter] of start.parameters) {
        assert.deepEqual(
          await trained.parameters.get(name)!.data(),
          await parameter.data(),
          name,
        );
      }
      disposeEncoder(trained);
    }
    disposeEncoder(start);
    await assert.rejects(
      run({ ...SETTINGS, backend, out: `${work}/bare`, lora: { rank: 2 } }),
      /Cannot train a LoRA adapter on an untrained encoder/,
    );
    await Deno.remove(work, { recursive: true });
  },
);

Deno.test("runExperiment() refuses a folder that holds something else", async () => {
  const out = await tempFolder();
  const backend = await useBackend("wasm");
  await Deno.writeTextFile(`${out}/notes.txt`, "mine");
  await assert.rejects(run({ ...SETTINGS, out, backend }), {
    name: "RangeError",
    message: /Cannot write to .*contains files that don't belong to a run/,
  });
  await run(
    { ...SETTINGS, out: `${out}/run`, backend },
    (e) => e.stage === "uniform",
  );
  await assert.rejects(
    run({ ...SETTINGS, seed: 7, out: `${out}/run`, backend }),
    {
      name: "RangeError",
      message:
        /unfinished run with other settings \(options\.seed is 7, was 42\)/,
    },
  );
  assert.equal(await Deno.readTextFile(`${out}/notes.txt`), "mine");
  await Deno.remove(out, { recursive: true });
});

Deno.test("runExperiment() names a task without a split, and too few tasks", async () => {
  const out = await tempFolder();
  const backend = await useBackend("wasm");
  const suite = toySuite();
  delete suite.tasks[1]!.qrels.test;
  await assert.rejects(
    runExperiment(suite, { out: `${out}/run`, backend }).next(),
    /task weights has no test judgments/,
  );
  await assert.rejects(
    runExperiment({ name: "one", tasks: suite.tasks.slice(0, 1) }, {
      out: `${out}/run`,
      backend,
    }).next(),
    /Cannot learn a mixture of 1 task/,
  );
  assert.deepEqual([...Deno.readDirSync(out)], []);
});

Deno.test("parseExperimentOptions() names the setting that is wrong", () => {
  assert.throws(() => parseExperimentOptions({ temperature: -1 }), {
    name: "RangeError",
    message: /^Cannot run the experiment: temperature: /,
  });
  assert.throws(
    () => parseExperimentOptions({ stepz: 1 } as never),
    /stepz/,
  );
});
