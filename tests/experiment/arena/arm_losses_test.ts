import assert from "node:assert/strict";
import { useBackend } from "../../../lib/backend/mod.ts";
import { meanWeights, replayWeights } from "../../../lib/dro/mod.ts";
import {
  type ArenaOutcome,
  compareMixtures,
  explainArm,
  readArmLosses,
} from "../../../lib/experiment/mod.ts";
import { tdro } from "../../cli/_capture.ts";
import { ended } from "../../_long_work.ts";
import { tempFolder } from "../../_temp_folder.ts";
import { toySuite } from "../../_toy_suite.ts";

const SETTINGS = {
  hiddenSize: 16,
  vocabSize: 200,
  steps: 2,
  batchSize: 6,
  weightBatchSize: 6,
  negatives: 3,
  budget: 24,
  seeds: [1, 2],
};

const STRATEGIES = [
  "tdro",
  "tdro-top-70",
  "tdro-mean-2",
  "doremi",
  "group-dro",
  "odm",
];

async function arena(): Promise<ArenaOutcome> {
  return await ended(
    compareMixtures(toySuite(), STRATEGIES, {
      ...SETTINGS,
      backend: await useBackend("wasm"),
      out: `${await tempFolder()}/arena`,
    }),
  );
}

Deno.test("an arena keeps why its strategies weigh the tasks as they do", async (t) => {
  const { folder, arms, strategies } = await arena();
  const armOf = (strategy: string) =>
    arms.find((arm) => arm.strategy === strategy && arm.seed === 2)!;
  const of = (strategy: string, seed: number | undefined = 2) => ({
    strategy,
    seed,
  });

  await t.step(
    "an arm's losses give its weights, to the last bit",
    async () => {
      const tdro = await readArmLosses(folder, of("tdro"));
      const { state, history } = replayWeights(tdro.log.lines, tdro.update);
      assert.deepEqual(state.curr, armOf("tdro").weights);
      assert.deepEqual(history, tdro.history);
      assert.deepEqual(
        tdro.log.tasks,
        toySuite().tasks.map(({ name }) => name),
      );

      // DoReMi's result is the mean over the updates.
      const doremi = await readArmLosses(folder, of("doremi"));
      assert.equal(doremi.update.clip, "none");
      assert.deepEqual(
        replayWeights(doremi.log.lines, doremi.update).state.mean,
        armOf("doremi").weights,
      );

      const two = await readArmLosses(folder, of("tdro-mean-2"));
      assert.deepEqual(
        meanWeights(
          [two.log.lines, ...two.log.repeats!].map((lines) =>
            replayWeights(lines, two.update).state.curr
          ),
        ),
        armOf("tdro-mean-2").weights,
      );
    },
  );

  await t.step("explainArm() explains them", async () => {
    const { tasks, seed } = await explainArm(folder, of("tdro"));
    const { weights, chance } = armOf("tdro");
    assert.equal(seed, 2);
    assert.deepEqual(tasks.map(({ end }) => end), weights);
    assert.deepEqual(tasks.map((task) => task.chance), chance);
    for (const [low, high] of chance!) assert.ok(low < high);
    // Selected tasks are explained by the weights that they were selected by.
    const top = await explainArm(folder, of("tdro-top-70"));
    assert.equal(top.of, "tdro");
    assert.deepEqual(top.tasks, tasks);
    const without = await explainArm(folder, of("group-dro"));
    assert.ok(
      without.tasks.every(({ referenceLoss }) => referenceLoss === null),
    );
  });

  await t.step("bands are of weights that end stage 1, and warn", () => {
    for (const name of ["tdro", "tdro-mean-2", "group-dro"]) {
      assert.equal(armOf(name).chance?.length, 3, name);
    }
    for (const name of ["uniform", "tdro-top-70", "doremi", "odm"]) {
      assert.equal(armOf(name).chance, undefined, name);
    }
    for (const { name, warnings } of strategies) {
      const own = arms.filter((arm) => arm.strategy === name);
      const within = own.map(({ weights, chance = [] }) =>
        chance.filter(([low, high], k) =>
          weights[k]! >= low && weights[k]! <= high
        ).length
      );
      const mean = within.reduce((a, b) => a + b, 0) / own.length;
      const told = warnings.filter((w) => w.includes("within what chance"));
      assert.equal(told.length, mean > 1.5 ? 1 : 0, name);
      if (told[0]) {
        assert.ok(told[0].startsWith(`in the mean of 2 seeds ${mean} of 3`));
      }
    }
  });

  await t.step("what can't be explained is said", async () => {
    const refused = (arm: Parameters<typeof explainArm>[1], message: RegExp) =>
      assert.rejects(explainArm(folder, arm), { name: "RangeError", message });
    await refused({ strategy: "tdro" }, /several seeds; choose one of 1, 2/);
    await refused(of("tdro", 3), /no seed 3; choose one of 1, 2 with --seed/);
    await refused(
      of("odm"),
      /learned from none; name one of doremi, group-dro, tdro, tdro-mean-2 with/,
    );
    await refused(of("tdor"), /there is no such arm; name one of doremi/);
    await assert.rejects(explainArm(`${folder}/seed-1`, of("tdro")), {
      name: "NotFound",
      message: /it has no folder of a seed; name the folder of an arena/,
    });
  });

  await t.step("tdro weights explain and replay take an arena", async () => {
    const arm = ["--strategy", "tdro-top-70", "--seed", "2"];
    const json = async (...words: string[]) => {
      const { code, out, err } = await tdro(...words, "--json");
      assert.equal(code, 0, err);
      return JSON.parse(out);
    };
    const explained = await json("weights", "explain", folder, ...arm);
    assert.equal(explained.strategy, "tdro");
    const told = await tdro("weights", "explain", folder, ...arm);
    assert.match(told.err, /weights of tdro-top-70 follow from those of tdro/);
    const ends = (rows: { task: string; end?: number; weight?: number }[]) =>
      Object.fromEntries(rows.map((row) => [row.task, row.end ?? row.weight]));
    assert.deepEqual(
      ends(await json("weights", "replay", folder, ...arm)),
      ends(explained.tasks),
    );
    // With the strategy's own clip, optimiser and bounds.
    const doremi = ["--strategy", "doremi", "--seed", "2"];
    const rows = await json("weights", "replay", folder, ...doremi);
    for (const { id, mean } of rows) {
      assert.equal(mean, armOf("doremi").weights[id]);
    }

    const refused = async (message: RegExp, ...words: string[]) => {
      const { code, err } = await tdro("weights", ...words);
      assert.equal(code, 2);
      assert.match(err, message);
    };
    await refused(/is an arena; name one of its strategies/, "explain", folder);
    await refused(/--seed is of an arena/, "explain", folder, "--seed", "1");
    await refused(/--seed is of an arena/, "replay", folder, "--seed", "1");
  });
});
