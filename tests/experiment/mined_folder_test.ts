import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import type { Suite } from "../../lib/data/mod.ts";
import {
  compareMixtures,
  mineSuite,
  type MineSuiteOptions,
  parseExperimentOptions,
  type ProgressEvent,
  runExperiment,
  type RunExperimentOptions,
  trainRetriever,
} from "../../lib/experiment/mod.ts";
import { openMinedFolder } from "../../lib/experiment/mined_folder.ts";
import { mineStage } from "../../lib/experiment/stages/mine_negatives.ts";
import { disposeEncoder, saveEncoder } from "../../lib/model/mod.ts";
import type { MineStatistics } from "../../lib/search/mod.ts";
import { onBackends } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { ended, stopAt } from "../_long_work.ts";
import { inTempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";

const SETTINGS = {
  hiddenSize: 16,
  vocabSize: 200,
  steps: 4,
  weightSteps: 2,
  batchSize: 6,
  weightBatchSize: 6,
  negatives: 3,
  checkpointEvery: 2,
};

const mine = (out: string, more: MineSuiteOptions = {}, suite = toySuite()) =>
  ended(mineSuite(suite, { out, count: SETTINGS.negatives, ...more }));

async function learned(options: RunExperimentOptions) {
  const { summary, metrics } = await ended(
    runExperiment(toySuite(), options),
  );
  return {
    weights: summary.tasks.map(({ weight }) => weight),
    losses: metrics.map(({ loss }) => loss),
  };
}

onBackends(
  "a run on a mined folder is the run that mines the same, and goes on",
  async (name) => {
    await inTempFolder(async (folder) => {
      const backend = await useBackend(name);
      const mined = `${folder}/mined`;
      await mine(mined);
      const own = await learned({ ...SETTINGS, backend, out: `${folder}/own` });
      const given = { ...SETTINGS, backend, mined, out: `${folder}/given` };
      await stopAt(
        runExperiment(toySuite(), given),
        ({ stage, done }) => stage === "uniform" && done === 3,
      );
      assert.deepEqual(await learned(given), own);
      // The same command once more finds the finished run.
      const { value } = await runExperiment(toySuite(), given).next();
      assert.match((value as ProgressEvent).label, /already finished/);

      const record = JSON.parse(
        await Deno.readTextFile(`${folder}/given/run.json`),
      );
      const { settings, files } = record.mined;
      assert.deepEqual([settings.by, settings.count, settings.seed], [
        "bm25",
        3,
        42,
      ]);
      assert.deepEqual(Object.keys(files), ["shades", "weights", "places"]);
      assert.equal(record.options.mined, mined);

      // Other negatives under the same name are another run.
      await mine(mined, { seed: 7, force: true });
      await assert.rejects(learned(given), {
        name: "RangeError",
        message:
          /a finished run with other settings \(mined\.files\.shades is /,
      });
    });
  },
);

Deno.test("train and arena take a mined folder, and note where it comes from", async () => {
  await inTempFolder(async (folder) => {
    const backend = await useBackend("wasm");
    const mined = `${folder}/mined`;
    await mine(mined);
    const options = { ...SETTINGS, backend, mined };
    await ended(trainRetriever(toySuite(), {
      ...options,
      out: `${folder}/train`,
      evaluate: false,
    }));
    const arena = { ...options, out: `${folder}/arena`, seeds: [1], budget: 2 };
    await ended(compareMixtures(toySuite(), ["uniform"], arena));
    // The same arena again computes nothing, and finds its folder.
    await ended(compareMixtures(toySuite(), ["uniform"], arena));
    for (const record of ["train/run.json", "arena/settings.json"]) {
      const { mined } = JSON.parse(
        await Deno.readTextFile(`${folder}/${record}`),
      );
      assert.equal(mined.settings.by, "bm25", record);
    }
    const counts = JSON.parse(
      await Deno.readTextFile(`${folder}/arena/seed-1/negatives.json`),
    );
    assert.equal(counts.shades.bareQueries, 0);
    // A task of the suite alone is served too.
    const one = { name: "one", tasks: [toySuite().tasks[1]!] };
    const { drawn } = await ended(trainRetriever(one, {
      ...options,
      out: `${folder}/one`,
      evaluate: false,
    }));
    assert.deepEqual(drawn, [24]);
  });
});

onBackends("a run mines by a model, as tdro mine does", async (name) => {
  await inTempFolder(async (folder) => {
    const backend = await useBackend(name);
    const encoder = smallEncoder();
    const model = `${folder}/model`;
    await saveEncoder(encoder, model);
    disposeEncoder(encoder);
    const mined = `${folder}/mined`;
    await mine(mined, { by: "fused", model });
    // To a random model all of a task's few passages are alike: no hard negatives.
    const bareQueries = "in-batch";
    const options = {
      ...SETTINGS,
      backend,
      bareQueries,
      evaluate: false,
    } as const;
    const train = async (name: string, more: Partial<RunExperimentOptions>) => {
      const out = `${folder}/${name}`;
      await ended(trainRetriever(toySuite(), { ...options, ...more, out }));
      const lines = (await Deno.readTextFile(`${out}/metrics.jsonl`)).trim();
      return {
        losses: lines.split("\n").map((line) => JSON.parse(line).loss),
        counts: JSON.parse(await Deno.readTextFile(`${out}/negatives.json`)),
      };
    };
    const here = await train("here", { mineBy: "fused", mineModel: model });
    assert.deepEqual(here, await train("there", { mined }));
    assert.notDeepEqual(here, await train("words", {}));
    const { statistics } = JSON.parse(
      await Deno.readTextFile(`${mined}/shades.mined.json`),
    );
    const { bareQueries: bare, bareLeftOut, ...counts } = here.counts.shades;
    assert.deepEqual(counts, statistics);
    assert.deepEqual([bare > 0, bareLeftOut], [true, 0]);
  });
});

onBackends("a run without prompts mines without them, too", async (name) => {
  await inTempFolder(async (folder) => {
    await useBackend(name);
    const encoder = smallEncoder("mean", 1);
    const model = `${folder}/model`;
    await saveEncoder(encoder, model);
    disposeEncoder(encoder);
    const leftOut = (
      statistics: Record<string, MineStatistics>,
    ) => Object.values(statistics).map(({ leftOutScore }) => leftOutScore);
    const mined = async (prompts: "task" | "none") => {
      const at = `${folder}/${prompts}`;
      await mine(at, { by: "dense", model, prompts });
      return leftOut((await openMinedFolder(at, toySuite())).statistics);
    };
    const bare = await mined("none");
    assert.notDeepEqual(bare, await mined("task"));
    const options = parseExperimentOptions({
      prompts: "none",
      mineBy: "dense",
      mineModel: model,
      negatives: SETTINGS.negatives,
    });
    const here = await ended(
      mineStage(options, toySuite(), { needed: false }),
    );
    assert.deepEqual(leftOut(here.statistics), bare);
  });
});

/** What was done to the folder or the suite, and what the error says. */
const WRONG: [
  what: string,
  spoil: (mined: string, suite: Suite) => Promise<unknown> | unknown,
  message: RegExp,
][] = [
  [
    "isn't there",
    (mined) => Deno.remove(mined, { recursive: true }),
    /there is no such folder; tdro mine --out .*mined makes it/,
  ],
  [
    "lacks a task",
    (mined) => Deno.remove(`${mined}/weights.jsonl`),
    /it has no weights\.jsonl; .* leave the task out with --tasks/,
  ],
  [
    "was edited",
    (mined) =>
      Deno.writeTextFile(`${mined}/weights.jsonl`, "\n", { append: true }),
    /weights\.jsonl was changed since it was mined/,
  ],
  [
    "has files from elsewhere",
    (mined) => Deno.remove(`${mined}/weights.mined.json`),
    /weights\.jsonl wasn't mined by tdro/,
  ],
  [
    "is of another corpus",
    (_, { tasks }) =>
      tasks[1]!.corpus.set("new", { id: "new", text: "one more" }),
    /weights\.jsonl was mined from other data/,
  ],
  [
    "is of other judgments, of a split that isn't trained on",
    (_, { tasks }) => tasks[1]!.qrels.test!.clear(),
    /weights\.jsonl was mined from other data|no test judgments/,
  ],
  [
    "is of another split",
    async (mined) => {
      await Deno.remove(mined, { recursive: true });
      await mine(mined, { split: "dev" });
    },
    /shades\.jsonl was mined for the dev split/,
  ],
];

for (const [what, spoil, message] of WRONG) {
  Deno.test(`a mined folder that ${what} is refused before anything is written`, () =>
    inTempFolder(async (folder) => {
      const backend = await useBackend("wasm");
      const mined = `${folder}/mined`;
      await mine(mined);
      const suite = toySuite();
      await spoil(mined, suite);
      const out = `${folder}/run`;
      const options = { ...SETTINGS, backend, mined, out };
      for (
        const work of [
          runExperiment(suite, options),
          trainRetriever(suite, options),
          compareMixtures(suite, ["uniform"], options),
        ]
      ) {
        await assert.rejects(work.next(), (error: Error) => {
          assert.ok(
            error instanceof RangeError ||
              error instanceof Deno.errors.NotFound,
          );
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /\n|\.$/);
          return true;
        });
      }
      await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
    }));
}

Deno.test("negatives that come from two places, or from none, are refused", async () => {
  const backend = await useBackend("wasm");
  for (
    const [options, message] of [
      [{ mined: "a", mineBy: "dense", mineModel: "m" }, /leave out --mine-by/],
      [{ mined: "a", mineModel: "m" }, /leave out --mine-by/],
      [{ mineBy: "fused" }, /--mine-by fused needs a model .* --mine-model/],
    ] as const
  ) {
    await assert.rejects(
      runExperiment(toySuite(), { ...options, backend }).next(),
      { name: "RangeError", message },
    );
  }
});

Deno.test("negatives mined with a person's decisions train on the decided positives", () =>
  inTempFolder(async (folder) => {
    const backend = await useBackend("wasm");
    const [task] = toySuite().tasks;
    const [query] = task!.qrels.train!.keys();
    const known = task!.qrels.train!.get(query!)!;
    const other = [...task!.corpus.keys()].find((id) => !known.has(id))!;
    const columns = ["decision", "task", "query", "passage"];
    await Deno.writeTextFile(
      `${folder}/decided.tsv`,
      [columns, ["positive", task!.name, query!, other]]
        .map((row) => row.join("\t")).join("\n") + "\n",
    );
    const mined = `${folder}/mined`;
    await mine(mined, { decisions: `${folder}/decided.tsv` });
    // The suite is as it was when it was mined, so it is taken.
    const { drawn } = await ended(trainRetriever(toySuite(), {
      ...SETTINGS,
      backend,
      mined,
      out: `${folder}/run`,
      evaluate: false,
    }));
    assert.equal(drawn.reduce((a, b) => a + b), 24);
  }));
