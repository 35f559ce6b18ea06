import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import {
  meanWeights,
  readWeightFile,
  replayWeights,
} from "../../lib/dro/mod.ts";
import {
  explainRun,
  parseExperimentOptions,
  planExperiment,
  readRunLosses,
  runExperiment,
  type RunExperimentOptions,
} from "../../lib/experiment/mod.ts";
import { noiseOf, settleNoise } from "../../lib/experiment/settled_noise.ts";
import { tdro } from "../cli/_capture.ts";
import { onBackends } from "../_backends.ts";
import { ended, stopAt } from "../_long_work.ts";
import { inTempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";

const SMALL = {
  hiddenSize: 16,
  vocabSize: 200,
  steps: 2,
  weightSteps: 4,
  batchSize: 6,
  weightBatchSize: 6,
  negatives: 3,
};

function finished(options: RunExperimentOptions) {
  return ended(runExperiment(toySuite(), options));
}

onBackends(
  "weights of several seeds are averaged, explained and replayed alike",
  async (name) => {
    await inTempFolder(async (folder) => {
      const backend = await useBackend(name);
      const one = `${folder}/one`;
      await finished({ ...SMALL, out: one, backend });
      const out = `${folder}/three`;
      const options = { ...SMALL, weightSeeds: 3, out, backend };
      // Stopped in the second seed, and gone on with.
      await stopAt(
        runExperiment(toySuite(), options),
        ({ stage }) => stage === "weights-2",
      );
      const { summary, metrics } = await finished(options);
      const { weights } = await readWeightFile(`${out}/weights.json`);

      const { log, update } = await readRunLosses(out);
      const runs = [log.lines, ...log.repeats ?? []]
        .map((lines) => replayWeights(lines, update).state.curr);
      assert.equal(runs.length, 3);
      assert.deepEqual(meanWeights(runs), weights);
      assert.equal(new Set(runs.map(String)).size, 3, "the seeds differ");
      // The first seed is the run's own: alone it gives what one seed gave.
      const alone = await readWeightFile(`${one}/weights.json`);
      assert.deepEqual(runs[0], alone.weights);

      const explained = await explainRun(out);
      explained.forEach(({ end, drawn }, k) => {
        assert.ok(Math.abs(end - weights[k]!) < 1e-12);
        assert.equal(drawn, 3 * SMALL.weightSteps * 2); // 6 rows, 3 tasks
      });
      summary.tasks.forEach(({ weight, chance }, k) => {
        assert.equal(weight, weights[k]);
        assert.deepEqual(chance, explained[k]!.chance);
      });
      assert.equal(summary.weightSeeds, 3);
      const stages = new Set(metrics.map(({ stage }) => stage));
      assert.ok(stages.has("weights") && stages.has("weights-3"));

      const replayed = await tdro("weights", "replay", out, "--json");
      for (const { id, weight } of JSON.parse(replayed.out)) {
        assert.equal(weight, weights[id]);
      }
      assert.match(replayed.err, /3 seeds of stage 1/);
    });
  },
);

onBackends(
  "a floor as at 512 is used, replayed and explained",
  async (name) => {
    await inTempFolder(async (out) => {
      const backend = await useBackend(name);
      const { summary } = await finished({
        ...SMALL,
        floorAsAt: 512,
        out,
        backend,
      });
      assert.equal(summary.floorAsAt, 512);
      const { log, update } = await readRunLosses(out);
      assert.equal(update.floorAsAt, 512);
      const { weights } = await readWeightFile(`${out}/weights.json`);
      assert.deepEqual(replayWeights(log.lines, update).state.curr, weights);
      assert.ok((await explainRun(out)).every(({ chance }) => chance !== null));
    });
  },
);

Deno.test("settings are chosen for a noise, and the noise is reached", () => {
  for (const tasks of [2, 7, 34, 200]) {
    for (const level of [0.2, 0.05]) {
      for (
        const given of [
          {},
          { weightSeeds: 2 },
          { weightSteps: 300 },
          { weightBatchSize: 64 },
          { eta: 0.1 },
          { measure: "ratio-of-means" as const },
          { weightDraw: "independent" as const },
        ]
      ) {
        const settled = settleNoise(
          parseExperimentOptions({ ...given, weightNoise: level }),
          tasks,
        );
        const noise = noiseOf(settled, tasks)!;
        assert.ok(noise <= level, JSON.stringify({ given, settled, noise }));
        assert.ok(!("weightNoise" in settled));
        for (const [name, value] of Object.entries(given)) {
          assert.equal(settled[name as keyof typeof settled], value);
        }
      }
    }
  }
  // No more than it takes.
  const { weightSteps, weightBatchSize } = settleNoise(
    parseExperimentOptions({ weightNoise: 0.05 }),
    34,
  );
  assert.equal(weightBatchSize, 34);
  const settings = { weightSteps: weightSteps - 20, weightBatchSize };
  assert.ok(noiseOf(parseExperimentOptions(settings), 34)! > 0.05);
});

Deno.test("a noise that can't be chosen for is refused", () => {
  assert.throws(
    () =>
      settleNoise(
        parseExperimentOptions({
          weightNoise: 0.1,
          weightSteps: 50,
          weightBatchSize: 50,
        }),
        5,
      ),
    /both given; leave one out/,
  );
  assert.throws(
    () => settleNoise(parseExperimentOptions({ weightNoise: 1e-9 }), 5),
    /over 1000000 updates/,
  );
  assert.throws(
    () => parseExperimentOptions({ measure: "raw", floorAsAt: 512 }),
    /--floor-as-at does nothing with --measure raw/,
  );
});

Deno.test("a plan says the noise, and what was chosen for it", async () => {
  const backend = await useBackend("wasm");
  const { weightSteps: _, weightBatchSize: __, ...rest } = SMALL;
  const planning = planExperiment(toySuite(), {
    ...rest,
    weightNoise: 0.08,
    backend,
  });
  let next = await planning.next();
  while (!next.done) next = await planning.next();
  const { noise, lines, stages } = next.value;
  assert.ok(noise! > 0.07 && noise! <= 0.08, `${noise}`);
  assert.ok(
    lines.some((line) => /^noise of the weights: about 8 %/.test(line)),
  );
  const stage = stages.find(({ name }) => name === "weights")!;
  assert.equal(stage.queries, 33);
  assert.ok(stage.updates >= 100);
});
