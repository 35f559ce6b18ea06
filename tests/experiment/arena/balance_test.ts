import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../../lib/backend/mod.ts";
import { strategy } from "../../../lib/dro/mod.ts";
import {
  compareMixtures,
  type CompareMixturesOptions,
  parseExperimentOptions,
} from "../../../lib/experiment/mod.ts";
import { ended, stopAt } from "../../_long_work.ts";
import { toySuite } from "../../_toy_suite.ts";
import { tempFolder } from "../../_temp_folder.ts";

const SETTINGS = {
  hiddenSize: 16,
  vocabSize: 200,
  steps: 5,
  batchSize: 6,
  tasksPerUpdate: 3,
  negatives: 3,
  checkpointEvery: 2,
  budget: 15,
  seeds: [1],
};

const NAMES = ["uniform-uncertainty", "uniform-gradnorm", "uniform-pcgrad"];

/** Runs to the end. */
function run(options: CompareMixturesOptions) {
  return ended(compareMixtures(toySuite(), NAMES, options));
}

/** The weights in an arm's lines of the log. */
async function loggedWeights(out: string, name: string) {
  const text = await Deno.readTextFile(`${out}/seed-1/metrics.jsonl`);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter(({ stage }) => stage === name)
    .map(({ lossWeightByTask }) => lossWeightByTask);
}

Deno.test("an arena with balanced losses goes on as if never stopped", async () => {
  const out = await tempFolder();
  const options = { ...SETTINGS, backend: await useBackend("wasm") };
  const { numTensors } = tf.memory();
  const whole = await run({ ...options, out: `${out}/whole` });
  for (const name of NAMES) {
    await stopAt(
      compareMixtures(toySuite(), NAMES, { ...options, out: `${out}/broken` }),
      ({ stage, done }) => stage === `${name}, seed 1: ${name}` && done === 3,
    );
  }
  const broken = await run({ ...options, out: `${out}/broken` });
  assert.equal(tf.memory().numTensors, numTensors);
  assert.deepEqual(
    broken.strategies.map((s) => s.tasks),
    whole.strategies.map((s) => s.tasks),
  );
  for (const name of NAMES) {
    const [one, two] = [
      await loggedWeights(`${out}/whole`, name),
      await loggedWeights(`${out}/broken`, name),
    ];
    assert.equal(one.length, SETTINGS.steps);
    assert.deepEqual(two, one, name);
    // All alike at the start, and then no more; conflicts may come at once.
    if (!name.endsWith("pcgrad")) {
      assert.ok(Object.values(one[0]).every((w) => w === 1));
    }
    assert.ok(one.some((w) => Object.values(w).some((v) => v !== 1)), name);
  }
  const logged = await loggedWeights(`${out}/whole`, "uniform");
  assert.ok(logged.every((weights) => weights === undefined));
  await Deno.remove(out, { recursive: true });
});

Deno.test("a balance needs several tasks in an update, and pike one", async () => {
  const backend = await useBackend("wasm");
  const out = `${await tempFolder()}/run`;
  const wrong = (
    names: string[],
    given: Partial<CompareMixturesOptions>,
    message: RegExp,
  ) =>
    assert.rejects(async () => {
      const options = { ...SETTINGS, backend, out, ...given };
      for await (const _ of compareMixtures(toySuite(), names, options));
    }, { name: "RangeError", message });
  const one = { tasksPerUpdate: 1 };
  await wrong(["tdro-pcgrad"], one, /tdro-pcgrad weighs the tasks of one upd/);
  await wrong(["uniform-pcgrad"], { balance: "gradnorm" }, /leave out --bal/);
  await wrong(["pike"], {}, /pike needs updates of one task/);
  assert.throws(() => strategy("pike-pcgrad"), /pike needs updates of one ta/);
  assert.throws(
    () => strategy("uniform-gradnorm-pcgrad"),
    /uniform-gradnorm weighs them by gradnorm already/,
  );
  assert.throws(
    () => parseExperimentOptions({ balance: "pcgrad" }),
    /--balance pcgrad weighs the tasks of one update: raise --tasks-per-update/,
  );
  assert.throws(
    () => parseExperimentOptions({ batchSize: 6, tasksPerUpdate: 4 }),
    /--tasks-per-update must leave each task 2 queries of --batch-size 6/,
  );
});

Deno.test("endings that change weights keep how a retriever is trained", () => {
  for (const name of ["tdro-pcgrad-top-50", "tdro-pcgrad-permuted"]) {
    assert.equal(strategy(name).balance, "pcgrad");
  }
  assert.equal(strategy("tdro-soup-2-pcgrad").merging!.members, 2);
  assert.equal(strategy("tdro-soup-2-top-50").merging!.members, 2);
  assert.equal(
    strategy("odm-gradnorm").online!(2, {
      sizes: [1, 1],
      steps: 4,
    }).weights().length,
    2,
  );
});
