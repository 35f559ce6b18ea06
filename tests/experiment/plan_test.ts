import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import { devSample } from "../../lib/data/mod.ts";
import { strategy } from "../../lib/dro/mod.ts";
import {
  parseExperimentOptions,
  planArena,
  planExperiment,
  planLines,
  planRetriever,
  runExperiment,
  type RunPlan,
} from "../../lib/experiment/mod.ts";
import type { ProgressEvent } from "../../lib/experiment/mod.ts";
import {
  diskSpace,
  estimate,
  plannedDev,
} from "../../lib/experiment/plan/estimate.ts";
import {
  arenaStages,
  expectedPasses,
  runStages,
} from "../../lib/experiment/plan/planned_stages.ts";
import { inTime } from "../../lib/experiment/plan/plan_lines.ts";
import { planStage } from "../../lib/experiment/plan/plan_stage.ts";
import { tdro } from "../cli/_capture.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { withSuite } from "../cli/_with_suite.ts";
import { toySuite } from "../_toy_suite.ts";
import { tempFolder } from "../_temp_folder.ts";

const SMALL = { batchSize: 4, hiddenSize: 16, vocabSize: 200, negatives: 2 };

const SETTINGS = {
  steps: 10,
  batchSize: 4,
  passages: 2,
  weightSteps: 6,
  weightBatchSize: 8,
  weightPassages: 3,
  weightSeeds: 1,
};

/** Runs a generator to its end, and keeps its events. */
async function finish<T>(work: AsyncGenerator<ProgressEvent, T>) {
  const events: ProgressEvent[] = [];
  while (true) {
    const next = await work.next();
    if (next.done) return { result: next.value, events };
    events.push(next.value);
  }
}

/** Every file below a folder, with its time of change. */
async function filesOf(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) files.push(...await filesOf(path));
    else files.push(`${path} ${(await Deno.stat(path)).mtime?.getTime()}`);
  }
  return files.sort();
}

Deno.test("passes are draws by the weights over the rows", () => {
  const draws = { sizes: [10, 40], draws: 100 };
  assert.deepEqual(expectedPasses([1, 1], draws), [5, 1.25]);
  assert.deepEqual(expectedPasses([3, 0], draws), [10, 0]);
});

Deno.test("the stages of a run, and what isn't known before", () => {
  const stages = runStages(SETTINGS, { sizes: [10, 40], uniform: [1, 1] });
  assert.deepEqual(
    stages.map(({ name, updates, queries, passes }) => [
      name,
      updates,
      queries,
      passes,
    ]),
    [
      ["uniform", 10, 4, [2, 0.5]],
      ["weights", 6, 8, [2.4, 0.6]],
      ["reweighted", 10, 4, undefined],
      ["top", 10, 4, undefined],
    ],
  );
});

Deno.test("an arena's strategies: those that are free tell their passes", async () => {
  const stages = await arenaStages({ ...SETTINGS, budget: 50, seeds: [1, 2] }, {
    strategies: ["uniform", "proportional", "tdro"].map(strategy),
    sizes: [10, 40],
  });
  assert.deepEqual(stages.map(({ name, updates }) => [name, updates]), [
    ["uniform", 20],
    ["proportional", 20],
    ["mixture of tdro", 100],
    ["tdro", 20],
  ]);
  const passes = stages.map((stage) => stage.passes?.map((p) => p.toFixed(6)));
  assert.deepEqual(passes, [
    ["2.000000", "0.500000"],
    ["0.800000", "0.800000"],
    undefined,
    undefined,
  ]);
});

const PLANNED = {
  tasks: [
    { name: "a", rows: 10, passages: 100, testQueries: 5 },
    { name: "b", rows: 40, passages: 300, testQueries: 15 },
  ],
  stages: runStages(SETTINGS, { sizes: [10, 40], uniform: [1, 1] }),
  lengths: {
    query: 128,
    passage: 256,
    cut: { a: { queries: 0, passages: 0.5 }, b: { queries: 0, passages: 0 } },
    tokens: {
      a: { queries: 10, passages: 40 },
      b: { queries: 20, passages: 80 },
    },
  },
};

Deno.test("time, memory and disk are worked by hand", () => {
  const model = { bytes: 4000, trained: 1000, dimension: 8 };
  const { seconds, memory, disk } = estimate({
    ...PLANNED,
    model,
    models: { kept: 3, evaluated: 4 },
    measured: { secondsPerToken: 0.001, memory: 50_000 },
  });
  // 10 × 4 × (15 + 2 × 60) a retriever; 6 × 8 × (15 + 3 × 60) × 4/3 for stage 1.
  assert.ok(Math.abs(seconds!.training - 0.001 * (3 * 5400 + 12480)) < 1e-9);
  // 100 × 40 + 5 × 10 + 300 × 80 + 15 × 20 tokens a model, without gradients.
  assert.ok(
    Math.abs(seconds!.evaluation - 4 * 0.001 * 28350 / 3) < 1e-9,
  );
  // In other numbers an evaluation takes what was measured.
  const { seconds: encoded } = estimate({
    ...PLANNED,
    model,
    models: { kept: 3, evaluated: 4 },
    measured: {
      secondsPerToken: 0.001,
      secondsPerTokenEncoded: 1e-4,
      memory: 0,
    },
  });
  assert.equal(encoded!.training, seconds!.training);
  assert.ok(Math.abs(encoded!.evaluation - 4 * 1e-4 * 28350) < 1e-9);
  assert.equal(memory, 50_000 + 4000 + 4 * 8 * 300);
  assert.equal(disk, diskSpace(model, { models: 3 }));
  assert.equal(disk, 3 * 4000 + 3 * (4000 + 2000));
});

Deno.test("evaluations while training are planned for what they read", () => {
  const sample = devSample(toySuite(), { queries: 2, passages: 8 });
  const options = { evalEvery: 4, steps: 10 };
  const retrievers = { sample, retrievers: 3, starts: 1 };
  const dev = plannedDev(options, retrievers)!;
  // The start, and each retriever after 4, 8 and 10 updates.
  assert.equal(dev.evaluations, 1 + 3 * 3);
  assert.deepEqual(dev.tasks[0], { name: "shades", queries: 2, passages: 8 });
  assert.equal(plannedDev({ steps: 10 }, retrievers), undefined);
  const { seconds } = estimate({
    ...PLANNED,
    model: { bytes: 4000, trained: 1000, dimension: 8 },
    models: { kept: 3, evaluated: 0 },
    dev: { tasks: [{ name: "a", queries: 2, passages: 8 }], evaluations: 10 },
    measured: { secondsPerToken: 0.001, memory: 0 },
  });
  const { queries, passages } = PLANNED.lengths.tokens.a!;
  const tokens = 2 * queries + 8 * passages;
  assert.ok(Math.abs(seconds!.dev! - 10 * tokens * 0.001 / 3) < 1e-9);
});

Deno.test("planLines() says it in lines", () => {
  const reasons = { maxLength: 512, open: true };
  const estimates = {
    seconds: { training: 4000, evaluation: 200 },
    memory: 2.5e9,
    disk: 3e8,
  };
  assert.deepEqual(planLines({ ...PLANNED, estimates }, reasons), [
    "plan: uniform 10 × 4, weights 6 × 8, reweighted 10 × 4, top 10 × 4 (updates × queries)",
    "passes over the training rows: uniform: a 2, b 0.5; weights: a 2.4, b 0.6; reweighted: as learned; top: as learned",
    "lengths: queries are cut at 128 tokens, passages at 256; the model takes 512, by --passage-length 512",
    "cut: a 50 % of the passages",
    "memory: about 2.5 GB (estimated); disk: about 300 MB",
    "time: about 70 min without mining, 3 min of it evaluation (estimated from three updates)",
  ]);
  const seconds = { ...estimates.seconds, dev: 300 };
  assert.match(
    planLines({ ...PLANNED, estimates: { seconds, disk: 1 } }, reasons).at(-1)!,
    /^time: about 75 min .* 3 min of it evaluation and 5 min evaluations while training/,
  );
  const short = planLines({ ...PLANNED, estimates: { disk: 1 } }, reasons);
  assert.equal(short.at(-1), "disk: about 1 MB");
  const gpu = planLines({ ...PLANNED, estimates }, {
    ...reasons,
    free: 8e9,
    device: "gpu",
  });
  assert.equal(
    gpu[4],
    "main memory: about 2.5 GB (estimated); disk: about 300 MB, 8.0 GB are free",
  );
  assert.equal(inTime(0.2), "under 1 s");
  assert.equal(inTime(75), "75 s");
  assert.equal(inTime(20_000), "5.6 h");
});

Deno.test("a plan says what a run will do, and writes nothing", async () => {
  const folder = await tempFolder();
  const backend = await useBackend("wasm");
  const options = { ...SETTINGS, ...SMALL, backend, out: `${folder}/run` };
  const suite = toySuite();
  const { result, events } = await finish(planExperiment(suite, options));
  assert.deepEqual(await filesOf(folder), []);
  assert.deepEqual([result.folder, result.state], [`${folder}/run`, "new"]);
  assert.deepEqual(result.tasks.map(({ rows }) => rows), [24, 12, 16]);
  assert.ok(result.estimates.seconds!.training > 0);
  assert.ok(result.estimates.memory! > 1e6);
  const lines = events.find(({ stage }) => stage === "plan")!.lines!;
  assert.match(lines.join("\n"), /^plan: [^]*\ntime: about/);
  assert.deepEqual(result.lines, lines);

  // A run begins with the same lines; a short one doesn't try updates before.
  const work = runExperiment(suite, options);
  const run: ProgressEvent[] = [];
  for await (const event of work) {
    run.push(event);
    if (event.stage === "uniform" && event.done === 2) break;
  }
  const planned = run.find(({ stage }) => stage === "plan")!.lines!;
  assert.deepEqual(planned.slice(0, 4), lines.slice(0, 4));
  assert.ok(run.every(({ stage }) => stage !== "measure"));

  // Nor does a look at an unfinished run change anything.
  const before = await filesOf(folder);
  const again = await finish(planExperiment(suite, options));
  assert.equal(again.result.state, "unfinished");
  assert.deepEqual(await filesOf(folder), before);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("plans of one retriever and of an arena", async () => {
  const folder = await tempFolder();
  const backend = await useBackend("wasm");
  const options = { ...SMALL, steps: 4, backend, out: `${folder}/run` };
  const weights = [1, 0, 0];
  const one = await finish(planRetriever(toySuite(), { ...options, weights }));
  assert.deepEqual(one.result.stages.map(({ name }) => name), ["retriever"]);
  assert.deepEqual(one.result.stages[0]!.passes, [16 / 24, 0, 0]);
  const arena: { result: RunPlan } = await finish(
    planArena(toySuite(), ["proportional", "doremi"], options),
  );
  assert.deepEqual(arena.result.stages.map(({ name }) => name), [
    "uniform",
    "proportional",
    "mixture of doremi",
    "doremi",
  ]);
  assert.deepEqual(await filesOf(folder), []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("--dry-run prints the plan and stops", () =>
  withSuite(async (folder) => {
    const common = ["--suite", `${folder}/suite`, "--backend", "wasm"];
    const small = ["--hidden-size", "16", "--vocab-size", "200"];
    for (const command of ["run", "train", "arena"]) {
      const out = `${folder}/${command}`;
      const words = [command, ...common, ...small, "--out", out, "--dry-run"];
      const { code, out: printed, err } = await tdro(...words);
      assert.equal(code, 0, err);
      assert.match(
        err,
        /^plan: .*\npasses .*\n(noise of .*\n)?lengths: .*\ncut: /m,
      );
      assert.match(err, /^memory: .*estimated.*\ntime: about /m);
      assert.match(printed, /^shades +24 /m);
      assert.match(printed, /Nothing is written/);
      await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
      const json = await tdro(...words, "--json", "--quiet");
      assert.equal(JSON.parse(json.out).folder, out);
      assert.equal(json.err, "");
    }
  }));

Deno.test("a run that won't fit on the disk is refused before it mines", async () => {
  const backend = await useBackend("wasm");
  const work = planStage({
    base: smallEncoder(),
    suite: toySuite(),
    options: {
      ...parseExperimentOptions({ out: await tempFolder() }),
      queryLength: 20,
      passageLength: 20,
    },
    backend,
    stages: () => [],
    models: { kept: 1e15, evaluated: 0 },
    open: false,
    state: "new",
    planOnly: false,
  });
  const events: ProgressEvent[] = [];
  await assert.rejects(async () => {
    for await (const event of work) events.push(event);
  }, /Cannot write to .*: about .* are needed/);
  assert.deepEqual(events.map(({ stage }) => stage), ["plan"]);
});
