import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import { readWeightFile, replayWeights } from "../../lib/dro/mod.ts";
import {
  explainRun,
  readRunLosses,
  runExperiment,
} from "../../lib/experiment/mod.ts";
import { onBackends } from "../_backends.ts";
import { inTempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";

const SETTINGS = {
  hiddenSize: 16,
  vocabSize: 200,
  steps: 2,
  weightSteps: 4,
  batchSize: 6,
  weightBatchSize: 6,
  negatives: 3,
};

onBackends(
  "runExperiment() learns by the measure that is asked for",
  async (name) => {
    await inTempFolder(async (folder) => {
      const backend = await useBackend(name);
      const learned: number[][] = [];
      for (const measure of ["released", "difference", "raw"] as const) {
        const out = `${folder}/${measure}`;
        const run = runExperiment(toySuite(), {
          ...SETTINGS,
          measure,
          out,
          backend,
        });
        let next = await run.next();
        while (!next.done) next = await run.next();
        assert.equal(next.value.summary.measure, measure);
        const { weights } = await readWeightFile(`${out}/weights.json`);
        learned.push([...weights]);
        // By another route: the losses that it logged, replayed by that measure.
        const { log, update } = await readRunLosses(out);
        assert.equal(update.measure, measure);
        const replayed = replayWeights(log.lines, update);
        assert.deepEqual(replayed.state.curr, weights);
        assert.equal((await explainRun(out)).length, 3);
        const shadow = measure === "released" ? "ratio-of-means" : "released";
        await Deno.stat(`${out}/weights/shadow_${shadow}_weights.json`);
      }
      assert.equal(new Set(learned.map(String)).size, 3);
    });
  },
);
