import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../../lib/backend/mod.ts";
import {
  mixtureStrategy,
  readWeightFile,
  type Strategy,
  strategy,
} from "../../../lib/dro/mod.ts";
import type { EvalReport } from "../../../lib/eval/mod.ts";
import { parseExperimentOptions } from "../../../lib/experiment/experiment_options.ts";
import { arenaStatistics } from "../../../lib/experiment/arena/statistics.ts";
import {
  type ArenaArm,
  type ArenaOutcome,
  type ArenaResult,
  type ArenaStrategy,
  arenaTable,
  arenaVerdict,
  compareMixtures,
  type CompareMixturesOptions,
  type ProgressEvent,
  reportRuns,
} from "../../../lib/experiment/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { onBackends } from "../../_backends.ts";
import { toySuite } from "../../_toy_suite.ts";
import { inTempFolder, tempFolder } from "../../_temp_folder.ts";

const SETTINGS = {
  hiddenSize: 16,
  vocabSize: 200,
  steps: 4,
  batchSize: 6,
  weightBatchSize: 6,
  negatives: 3,
  checkpointEvery: 3,
  budget: 15,
  seeds: [1, 2],
};

/** Runs to the end, or leaves after a given event as an interruption does. */
async function run(
  strategies: Parameters<typeof compareMixtures>[1],
  options: CompareMixturesOptions,
  stopAt?: (event: ProgressEvent) => boolean,
): Promise<{ events: ProgressEvent[]; result?: ArenaOutcome }> {
  const events: ProgressEvent[] = [];
  const generator = compareMixtures(toySuite(), strategies, options);
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

/** A mixture that follows the last loss of each task at once. */
function lastLosses(): Strategy {
  return {
    ...strategy("odm"),
    name: "last-losses",
    online(tasks) {
      let losses = new Array<number>(tasks).fill(1);
      return {
        weights() {
          const total = losses.reduce((a, b) => a + b, 0);
          return losses.map((loss) => loss / total);
        },
        observe: (update) =>
          void (losses[update.domains[0]!] = update.losses[0]!),
        state: () => losses,
        restore: (state) => void (losses = [...state as number[]]),
      };
    },
  };
}

/** A result without its wall times. */
function timeless({ folder: _, ...result }: ArenaOutcome) {
  return {
    ...result,
    strategies: result.strategies.map((s) => ({ ...s, seconds: 0 })),
    arms: result.arms.map((a) => ({ ...a, seconds: 0 })),
  };
}

onBackends(
  "an arena stopped anywhere ends as one never stopped",
  async (name) => {
    const out = await tempFolder();
    const backend = await useBackend(name);
    const options = { ...SETTINGS, backend };
    const names = [
      ...["tdro", "inf-dds", lastLosses(), "uniform-soup-2"],
      ...["velocitune", "pike"],
    ];
    const tensors = tf.memory().numTensors;
    const whole = await run(names, { ...options, out: `${out}/whole` });
    assert.equal(tf.memory().numTensors, tensors, "tensors are left behind");
    const at = (stage: RegExp, done: number) => (e: ProgressEvent) =>
      stage.test(e.stage) && e.done >= done;
    for (
      const stop of [
        at(/^uniform, seed 1: uniform/, 2), // between two checkpoints
        at(/^tdro, seed 1: mixture/, 5), // while weights are learned
        at(/^inf-dds, seed 1: mixture/, 7), // after the first of two rounds
        at(/^inf-dds, seed 1: inf-dds/, 4), // trained, not evaluated
        at(/^last-losses, seed 1: last-losses/, 4), // its weights have changed
        at(/^uniform-soup-2, seed 1: uniform-soup-2-part-2/, 1),
        at(/^velocitune, seed 1: mixture/, 4),
        at(/^velocitune, seed 1: velocitune/, 2),
        at(/^pike, seed 1: pike/, 2),
        at(/^uniform, seed 2: evaluation/, 1),
        at(/^tdro, seed 2: tdro/, 1),
      ]
    ) {
      const { result } = await run(
        names,
        { ...options, out: `${out}/broken` },
        stop,
      );
      assert.equal(result, undefined, "stopped too late");
      assert.equal(tf.memory().numTensors, tensors, "tensors are left behind");
    }
    const broken = await run(names, { ...options, out: `${out}/broken` });
    assert.ok(broken.events.some((e) => /done before/.test(e.label)));
    assert.deepEqual(timeless(broken.result!), timeless(whole.result!));
    const models = [...Deno.readDirSync(`${out}/broken/seed-1/models`)]
      .map((entry) => entry.name);
    assert.ok(
      models.every((name) => !name.includes("-part-")),
      "parts are left",
    );
    const last = whole.result!.arms.find((a) => a.strategy === "last-losses");
    assert.notEqual(new Set(last!.weights).size, 1, "weights that change");
    const { sha256: _, ...kept } = JSON.parse(
      await Deno.readTextFile(`${out}/broken/arena.json`),
    );
    assert.deepEqual(
      { ...kept, folder: `${out}/broken` },
      JSON.parse(JSON.stringify(broken.result)),
    );
    // A finished arena leaves the report that tdro report writes.
    const html = await Deno.readTextFile(`${out}/broken/report.html`);
    const again = await reportRuns([`${out}/broken`]);
    assert.ok(html === again);
    await Deno.remove(out, { recursive: true });
  },
);

Deno.test("every strategy runs in the arena, within its budget", async () => {
  const out = await tempFolder();
  const backend = await useBackend("wasm");
  const names = [
    ...[
      "proportional",
      "temperature-2",
      "manual-2/1/0",
      "tdro",
      "tdro-ratio-of-means",
    ],
    ...["doremi", "group-dro", "doge", "regmix", "leave-one-out", "inf-dds"],
    ...["tdro-mean-2", "tdro-as-at-512", "tdro-permuted", "random-70", "odm"],
    ...["uniform-soup-2", "tdro-slerp-2", "aioli", "skill-it"],
    ...["ado", "velocitune", "odm-soup-2", "pike", "olmix", "climb"],
  ];
  const budget = 16;
  const options = { ...SETTINGS, steps: 2, budget, seeds: [3], backend };
  const { result } = await run(names, { ...options, out: `${out}/run` });
  const { strategies, arms } = result!;
  assert.deepEqual(strategies.map((s) => s.name), ["uniform", ...names]);
  assert.equal(arms.length, names.length + 1);
  for (const arm of arms) {
    const free = strategies.findIndex((s) => s.name === arm.strategy) < 4 ||
      ["random-70", "odm", "ado", "pike", "uniform-soup-2", "odm-soup-2"]
        .includes(
          arm.strategy,
        );
    assert.equal(arm.proxySteps === 0, free, arm.strategy);
    assert.ok(arm.proxySteps <= budget + 1e-6, arm.strategy);
    const compares = /^(tdro|doremi)/.test(arm.strategy);
    assert.equal(arm.referenceSteps, compares ? 2 : 0, arm.strategy);
    const slug = arm.strategy.replaceAll("/", "_");
    const file = await readWeightFile(
      `${out}/run/seed-3/arms/${slug}/weights.json`,
    );
    assert.deepEqual(file.weights, arm.weights);
  }
  const of = (name: string) => arms.find((arm) => arm.strategy === name)!;
  // A step of stage 1 costs what its texts do, and a third more for the reference.
  const log = await Deno.readTextFile(`${out}/run/seed-3/metrics.jsonl`);
  const { batchSize, weightBatchSize } = SETTINGS;
  const { passages, weightPassages } = parseExperimentOptions({});
  for (
    const [name, withReference] of [["tdro", 4 / 3], ["group-dro", 1]] as const
  ) {
    const steps = log.match(RegExp(`"stage":"${name}-weights"`, "g"))!.length;
    const texts = weightBatchSize * (1 + weightPassages);
    const each = withReference * texts / (batchSize * (1 + passages));
    assert.ok(Math.abs(of(name).proxySteps - steps * each) < 1e-6, name);
    assert.equal(steps, Math.floor(budget / each), name);
  }
  assert.deepEqual(
    of("tdro-permuted").weights.toSorted(),
    of("tdro").weights.toSorted(),
  );
  assert.deepEqual(of("random-70").weights.toSorted(), [0, 0.5, 0.5]);
  // All data but those of a task without weight.
  const sizes = result!.tasks.map((t) => t.size);
  const [a, b, c] = sizes;
  const manual = arms.find((arm) => arm.strategy.startsWith("manual"))!;
  assert.deepEqual(manual.weights, [2 / 3, 1 / 3, 0]);
  assert.ok(Math.abs(manual.dataUsed - (a! + b!) / (a! + b! + c!)) < 1e-12);

  // More strategies and seeds cost only themselves; settings must stay.
  const again = await run(["tdro"], { ...options, out: `${out}/run` });
  assert.ok(
    again.events.every((e) =>
      /before/.test(e.label) || /^seed|^plan$/.test(e.stage)
    ),
  );
  await assert.rejects(
    run([], { ...options, budget: 17, out: `${out}/run` }),
    /arena with other settings \(settings\.budget is 17, was 16\)/,
  );
  await Deno.remove(out, { recursive: true });
});

Deno.test("uniform given as weights is uniform, arm for arm", async () => {
  const out = await tempFolder();
  const backend = await useBackend("wasm");
  const { result } = await run(["manual-1/1/1"], {
    ...SETTINGS,
    backend,
    out: `${out}/run`,
  });
  const [uniform, same] = result!.strategies;
  // Same start, rows, steps and seeds: nothing but the weights may matter.
  assert.deepEqual(same!.tasks, uniform!.tasks);
  assert.deepEqual(same!.seedMeans, uniform!.seedMeans);
  assert.equal(same!.p, 1);
  assert.deepEqual(same!.interval, [0, 0]);
  assert.match(arenaVerdict(result!)[0]!, /no different from uniform/);
  await Deno.remove(out, { recursive: true });
});

Deno.test("weights that follow from another strategy's are learned once, and are the same", () =>
  inTempFolder(async (out) => {
    const backend = await useBackend("wasm");
    const settings = { ...SETTINGS, backend, seeds: [1] };
    const names = [
      "tdro-top-70-permuted",
      "tdro-top-70",
      "tdro",
      "tdro-soup-2",
    ];
    const together = await run(names, { ...settings, out: `${out}/together` });
    const { arms } = together.result!;
    assert.deepEqual(arms.map((arm) => arm.strategy), ["uniform", ...names]);
    assert.deepEqual(
      arms.map((arm) => arm.weightsOf),
      [undefined, "tdro-top-70", "tdro", undefined, "tdro"],
    );
    const learning = new Set(
      together.events.filter((e) => e.label.startsWith("choosing a mixture"))
        .map((e) => e.label),
    );
    assert.deepEqual([...learning], ["choosing a mixture (tdro, seed 1)"]);
    const alone = await run(names.slice(0, 1), {
      ...settings,
      out: `${out}/alone`,
    });
    const [, own] = alone.result!.arms;
    const { seconds: _, weightsOf: __, ...shared } = arms[1]!;
    const { seconds: ___, ...learned } = own!;
    assert.deepEqual(learned, shared);
  }));

Deno.test("compareMixtures() names what is wrong before it writes", async () => {
  const out = `${await tempFolder()}/run`;
  const options = { ...SETTINGS, backend: await useBackend("wasm"), out };
  const wrong: [() => Promise<unknown>, RegExp][] = [
    [() => run(["dogge"], options), /did you mean doge/],
    [() => run(["tdro", "tdro"], options), /tdro appears twice/],
    [() => run([], { ...options, seeds: [] }), /seeds must hold at least one/],
    [() => run([], { ...options, seeds: [1, 1] }), /seed 1 is given twice/],
    [
      () => run([], { ...options, budget: 0 }),
      /budget must be a number > 0: got 0/,
    ],
    [() => run([], { ...options, devQueries: 0 }), /devQueries/],
    [() => run([], { ...options, steps: 0 }), /steps/],
  ];
  for (const [call, message] of wrong) {
    await assert.rejects(call(), { name: "RangeError", message });
  }
  await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
});

Deno.test("a strategy that needs dev queries says so where they lack", async () => {
  const out = await tempFolder();
  const suite = toySuite();
  delete suite.tasks[1]!.qrels.dev;
  const arena = compareMixtures(suite, ["leave-one-out"], {
    ...SETTINGS,
    seeds: [1],
    backend: await useBackend("wasm"),
    out: `${out}/run`,
  });
  await assert.rejects(async () => {
    for await (const _ of arena);
  }, /by leave-one-out: task weights has no dev judgments/);
  await Deno.remove(out, { recursive: true });
});

/** A report of given values by task and query. */
function report(values: readonly (readonly number[])[]): EvalReport {
  const mean = (list: readonly number[]) =>
    list.reduce((a, b) => a + b, 0) / list.length;
  return {
    format: "tdro-eval/1",
    suite: "made up",
    settings: {
      split: "test",
      metrics: ["nDCG@10"],
      k: 100,
      prompts: "none",
      ignoreIdenticalIds: false,
      ties: "float32 score descending, then passage id descending",
    },
    tasks: values.map((own, k) => ({
      task: `task${k}`,
      domain: k,
      prompt: "",
      passages: 1,
      mean: { "nDCG@10": mean(own) },
      queryIds: own.map((_, i) => `q${i}`),
      perQuery: { "nDCG@10": [...own] },
    })),
    mean: { "nDCG@10": mean(values.map(mean)) },
  };
}

const arm = (
  strategy: string,
  seed: number,
  values: readonly (readonly number[])[],
): ArenaArm => ({
  strategy,
  seed,
  weights: [0.5, 0.5],
  proxySteps: 0,
  referenceSteps: 0,
  dataUsed: 1,
  rowsSeen: 1,
  seconds: { learn: 0, train: 1, evaluate: 2 },
  report: report(values),
});

const named = (name: string) =>
  mixtureStrategy({
    name,
    source: "test",
    formula: name,
    failsWhen: "never",
    weights: () => [0.5, 0.5],
  });

/** Tasks large enough for no guard rail to be crossed. */
const QUIET = { seed: 1, sizes: [1000, 1000], draws: 100 };

Deno.test("an arm whose seeds disagree, or that repeats a task, is told of", () => {
  const base = [[0.2, 0.4], [0.5, 0.5, 0.5]];
  const learned = [[0.9, 0.1], [0.1, 0.9]].map((weights, i) => ({
    ...arm("learned", i + 1, base),
    weights,
  }));
  const strategies = arenaStatistics(
    [named("uniform"), named("learned")],
    [...[1, 2].map((seed) => arm("uniform", seed, base)), ...learned],
    { ...QUIET, sizes: [4, 1000] },
  );
  assert.equal(strategies[0]!.warnings.length, 1); // 12.5 passes over task0
  assert.match(strategies[0]!.warnings[0]!, /task0/);
  assert.ok(strategies[1]!.warnings.some((w) => /seeds/.test(w)));
});

Deno.test("the statistics are those worked by hand", () => {
  // One seed up, one down by half as much: +0.1 on each query of task 0.
  const base = [[0.2, 0.4], [0.5, 0.5, 0.5]];
  const moved = (by: number) => [base[0]!.map((v) => v + by), base[1]!];
  const [uniform, other] = arenaStatistics(
    [named("uniform"), named("other")],
    [
      ...[1, 2].map((seed) => arm("uniform", seed, base)),
      arm("other", 1, moved(0.4)),
      arm("other", 2, moved(-0.2)),
    ],
    QUIET,
  );
  assert.deepEqual(other!.warnings, []);
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12);
  close(uniform!.mean, 0.4); // of 0.3 and 0.5
  assert.equal(uniform!.worst.task, "task0");
  assert.deepEqual([uniform!.p, uniform!.interval], [null, null]);
  assert.equal(uniform!.seedDeviation, 0);
  close(other!.difference, 0.05); // tasks count the same
  close(other!.deltas[0]!, 0.1);
  close(other!.deltas[1]!, 0);
  close(other!.seedMeans[0]!, 0.6);
  close(other!.seedMeans[1]!, 0.3);
  close(other!.seedDeviation!, 0.3 / Math.SQRT2);
  // Every query of task 0 gains the same: what is left is the spread of two seeds,
  // +0.2 and −0.1, of which Student's distribution with one degree of freedom says
  // little. 0.05 ± 12.7 · 0.15.
  close(other!.seedDifferences![0]!, 0.2);
  close(other!.seedDifferences![1]!, -0.1);
  assert.ok(other!.interval![0] < -1 && other!.interval![1] > 1.1);
  // t = 0.05 / 0.15 with one degree of freedom: 1 − 2 / π · atan(1 / 3).
  const exact = 1 - 2 / Math.PI * Math.atan(1 / 3);
  assert.ok(Math.abs(other!.pSeeds! - exact) < 1e-9);
  assert.ok(Math.abs(other!.p! - exact) < 0.03);
  assert.equal(other!.seconds, 3);
});

Deno.test("p-values and intervals find a gain and doubt noise; Holm raises p", () => {
  const rng = createRng(1, "test");
  const queries = Array.from(
    { length: 2 },
    () => Array.from({ length: 60 }, () => rng.next() / 2),
  );
  const changed = (gain: number) =>
    queries.map((own) => own.map((v) => v + gain + 0.2 * (rng.next() - 0.5)));
  const seeds = [1, 2, 3];
  const strategies = arenaStatistics(
    ["uniform", "gain", "noise"].map(named),
    seeds.flatMap((seed) => [
      arm("uniform", seed, queries),
      arm("gain", seed, changed(0.1)),
      arm("noise", seed, changed(0)),
    ]),
    QUIET,
  );
  const [, gain, noise] = strategies;
  assert.ok(gain!.pHolm! < 0.05 && gain!.interval![0] > 0.05);
  assert.ok(gain!.pInferior! < 0.05);
  assert.ok(noise!.pHolm! > 0.05);
  assert.ok(noise!.interval![0] < 0 && noise!.interval![1] > 0);
  assert.ok(Math.abs(gain!.pHolm! - 2 * gain!.p!) < 1e-12);
  const result: ArenaResult = {
    format: "tdro-arena/1",
    suite: "made up",
    tasks: [{ name: "task0", size: 1 }, { name: "task1", size: 1 }],
    steps: 1,
    budget: 1,
    seeds,
    backend: "none",
    strategies,
    arms: [],
    versions: {},
  };
  const table = arenaTable(result);
  assert.equal(table.get("strategy", 0), "gain");
  assert.equal(table.get("Δ task1", 0), gain!.deltas[1]);
  const verdict = arenaVerdict(result);
  assert.equal(verdict.length, 3);
  assert.match(verdict[0]!, /^gain: better than uniform, beyond chance \(\+0/);
  assert.match(verdict.join("\n"), /^noise: no different from uniform/m);
  assert.match(verdict[2]!, /3 seeds \(1, 2, 3\).*over seeds and test queries/);
  const told = (strategy: Partial<ArenaStrategy>, seeds = [1, 2, 3]) =>
    arenaVerdict({
      ...result,
      seeds,
      strategies: [strategies[0]!, { ...gain!, ...strategy }],
    });
  assert.match(
    told({ pHolm: 0.2 })[0]!,
    /^gain: no different from uniform, as far as these seeds and queries tell: its own interval excludes 0/,
  );
  assert.match(
    told({ dataUsed: 0.6 })[0]!,
    /; with 60 % of the training rows not worse by 0\.005 or more \(p (< )?0\.\d+\)/,
  );
  assert.match(
    told({ dataUsed: 0.6, pInferior: 0.4 })[0]!,
    /; whether 60 % of the training rows cost less than 0\.005 is open/,
  );
  // One seed, and arenas of versions that knew queries alone: no such word.
  const [one, limits] = told({ seedDifferences: [0.1] }, [1]);
  assert.match(one!, /^gain: \+0\.\d+ mean nDCG@10, 95 % interval/);
  assert.match(limits!, /One seed can't tell a mixture from luck/);
  const earlier = told({ seedDifferences: undefined });
  assert.doesNotMatch(earlier.join("\n"), /beyond chance/);
  assert.match(earlier.at(-1)!, /run the arena again to have them over seeds/);
});
