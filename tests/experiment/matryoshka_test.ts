import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import { collectReport, evaluate } from "../../lib/eval/mod.ts";
import {
  parseExperimentOptions,
  readDev,
  trainRetriever,
  type TrainRetrieverOptions,
} from "../../lib/experiment/mod.ts";
import {
  retrieverLoss,
  trainedLengths,
} from "../../lib/experiment/stages/retriever_loss.ts";
import {
  disposeEncoder,
  encodeFunction,
  loadEncoder,
  saveEncoder,
} from "../../lib/model/mod.ts";
import { infoNce, matryoshka, train } from "../../lib/train/mod.ts";
import { onBackends } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { tempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";
import { collect, toyBatches, values } from "../train/_collect.ts";

const SMALL = { steps: 4, batchSize: 4, layers: 1, hiddenSize: 16, heads: 2 };

async function finish(options: Partial<TrainRetrieverOptions>) {
  const backend = await useBackend("wasm");
  const run = trainRetriever(toySuite(), { ...SMALL, backend, ...options });
  while (true) {
    const next = await run.next();
    if (next.done) return next.value;
  }
}

Deno.test("a run with --matryoshka tells the score of every length", async () => {
  const folder = await tempFolder();
  const out = `${folder}/run`;
  const { report, baselines, model } = await finish({
    out,
    matryoshka: [4, 8],
    evalEvery: 2,
  });
  for (const { sizes, settings, mean } of [report!, baselines!.start]) {
    assert.deepEqual(settings.sizes, { dims: [16, 8, 4] });
    assert.deepEqual(sizes!.map(({ dim }) => dim), [16, 8, 4]);
    assert.equal(sizes![0]!.mean["nDCG@10"], mean["nDCG@10"]);
    assert.ok(sizes!.every(({ interval }) => interval));
  }
  assert.equal(baselines!.bm25.sizes, undefined);
  const lines = await readDev(out);
  assert.equal(lines.length, 3);
  for (const { mean, meanByDim } of lines) {
    assert.deepEqual(Object.keys(meanByDim!).sort(), ["16", "4", "8"]);
    assert.equal(meanByDim!["16"], mean);
  }
  assert.match(
    await Deno.readTextFile(`${model}/README.md`),
    /whole vectors and of the first 4, 8 components \(Matryoshka\)/,
  );
  // The shorter vectors are those of the model that is saved, cut when it is loaded.
  const cut = await loadEncoder(model, { dim: 4 });
  const short = await collectReport(
    evaluate(encodeFunction(cut), toySuite(), { metrics: ["nDCG@10"], k: 100 }),
  );
  disposeEncoder(cut);
  const told = report!.sizes!.find(({ dim }) => dim === 4)!.mean["nDCG@10"]!;
  assert.ok(Math.abs(short.mean["nDCG@10"]! - told) < 1e-6);
  await Deno.remove(folder, { recursive: true });
});

onBackends(
  "retrievers train by the sum over the lengths and the whole",
  async () => {
    const settings = {
      temperature: 0.1,
      matryoshka: [4],
      matryoshkaWeights: [0.5],
    };
    const own = matryoshka({
      dims: [16, 4],
      weights: [1, 0.5],
      loss: infoNce({ temperature: 0.1 }),
    });
    const trained = async (byHand: boolean) => {
      const encoder = smallEncoder();
      const loss = byHand ? own : retrieverLoss(settings, encoder);
      await collect(
        train(encoder, toyBatches(2), { loss, learningRate: 1e-2 }),
      );
      const after = values(encoder);
      disposeEncoder(encoder);
      return after;
    };
    assert.deepEqual(await trained(false), await trained(true));
  },
);

Deno.test("lengths have the whole among them, and cosines only where the model has", () => {
  const encoder = smallEncoder();
  const of = (matryoshka: number[]) =>
    trainedLengths({ temperature: 1, matryoshka }, encoder);
  assert.deepEqual(of([4, 16]), {
    dims: [16, 4],
    weights: [1, 1],
    normalize: true,
  });
  assert.throws(() => of([17]), /lengths of at most 16, .*: got 17/);
  encoder.modules.normalize = false;
  assert.equal(of([4])!.normalize, false);
  disposeEncoder(encoder);
});

Deno.test("lengths that can't be trained are refused before any work", async () => {
  const refused = (
    options: Parameters<typeof parseExperimentOptions>[0],
    why: RegExp,
  ) => assert.throws(() => parseExperimentOptions(options), why);
  refused(
    { matryoshkaWeights: [1] },
    /--matryoshka-weights needs --matryoshka/,
  );
  refused({ matryoshka: [8, 8] }, /each length once: got 8 twice/);
  refused(
    { matryoshka: [8], matryoshkaWeights: [1, 2] },
    /one for each .*: got 2/,
  );
  refused({ matryoshka: [129] }, /at most 128, .*: got 129/);
  const folder = await tempFolder();
  const encoder = smallEncoder();
  await saveEncoder(encoder, `${folder}/model`);
  disposeEncoder(encoder);
  await assert.rejects(
    finish({
      model: `${folder}/model`,
      matryoshka: [17],
      out: `${folder}/run`,
    }),
    /at most 16, that of the model's vectors: got 17/,
  );
  await Deno.remove(folder, { recursive: true });
});
