import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import { readTdroJsonl, type Suite } from "../../lib/data/mod.ts";
import {
  mineSuite,
  parseExperimentOptions,
  trainRetriever,
} from "../../lib/experiment/mod.ts";
import {
  disposeCrossEncoder,
  loadCrossEncoder,
  scorePairs,
} from "../../lib/model/mod.ts";
import { onBackends } from "../_backends.ts";
import { saveSmallCrossEncoder } from "../_small_cross_encoder.ts";
import { inTempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";

const suite: Suite = { ...toySuite(), tasks: toySuite().tasks.slice(1, 2) };

async function last<T>(work: AsyncGenerator<unknown, T>): Promise<T> {
  let next = await work.next();
  while (!next.done) next = await work.next();
  return next.value;
}

onBackends(
  "a cross-encoder filters what is mined, and its scores are trained on",
  async (name) => {
    const backend = await useBackend(name);
    await inTempFolder(async (folder) => {
      const teacher = `${folder}/teacher`;
      await saveSmallCrossEncoder(teacher);
      const mining = {
        teacher,
        count: 3,
        fill: false,
        positiveShare: 1,
        backend: name,
        out: `${folder}/mined`,
      };
      const { tasks: [mined] } = await last(mineSuite(suite, mining));
      const plain = await last(mineSuite(suite, { count: 3, fill: false }));
      assert.notEqual(mined!.leftOutScore, plain.tasks[0]!.leftOutScore);
      assert.equal(mined!.withoutPositive, 0); // it scores whatever it is given

      const file = `${folder}/mined/weights.jsonl`;
      const rows = await Array.fromAsync(readTdroJsonl(file, 0));
      const model = await loadCrossEncoder(teacher);
      for (const { query, positives, negatives } of rows.slice(0, 5)) {
        const all = [...positives, ...negatives];
        const scores = await scorePairs(
          model,
          all.map(({ text }) => [query.text, text] as const),
        );
        // Written with as many digits as a float32 has.
        all.forEach(({ score }, i) =>
          assert.ok(Math.abs(score! - scores[i]!) < 1e-5)
        );
        const limit = Math.max(...positives.map(({ score }) => score!));
        for (const { score } of negatives) assert.ok(score! < limit);
      }
      disposeCrossEncoder(model);

      // The same folder is taken up again; with it training differs from without.
      await last(mineSuite(suite, mining));
      const train = (more: object, out: string) =>
        last(trainRetriever(suite, {
          backend,
          ...{
            hiddenSize: 16,
            vocabSize: 200,
            steps: 2,
            batchSize: 4,
            passages: 2,
          },
          mined: `${folder}/mined`,
          evaluate: false,
          out: `${folder}/${out}`,
          ...more,
        }));
      const weights = async (out: string) =>
        await Deno.readFile(
          `${folder}/${out}/models/retriever/model.safetensors`,
        );
      await train({}, "plain");
      await train({ distillation: 1 }, "distilled");
      assert.notDeepEqual(await weights("plain"), await weights("distilled"));
      await train({ distillation: 1, teacherTemperature: 2 }, "softer");
      assert.notDeepEqual(await weights("softer"), await weights("distilled"));

      // Negatives without scores can't be distilled.
      const bare = `${folder}/bare`;
      await last(mineSuite(suite, { count: 3, filter: false, out: bare }));
      await assert.rejects(
        train({ distillation: 1, mined: bare }, "none"),
        /^RangeError: Cannot distil: .*give passages a score \(ce_score\)/,
      );
    });
  },
);

Deno.test("a teacher's scores come from a folder of mined negatives", () => {
  assert.throws(
    () => parseExperimentOptions({ distillation: 1 }),
    /--distillation needs --mined, .*tdro mine --teacher writes one/,
  );
  assert.throws(
    () => parseExperimentOptions({ teacherTemperature: 1 }),
    /--teacher-temperature needs --distillation/,
  );
});
