import { passageText, trainExamples } from "../../../lib/data/mod.ts";
import {
  bertConfig,
  createEncoder,
  createTokenizer,
  trainTokenizer,
} from "../../../lib/model/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { buildDocsSuite } from "../../../lib/docs_suite/mod.ts";
import { useBenchBackend } from "../_device.ts";
import { type TextBatch, trainingWork } from "../_training.ts";
import type { Work } from "../_work.ts";

/** Steps as `tdro demo` takes them: its model, its lengths, its batches. */
export async function setup(quick: boolean, folder: string): Promise<Work> {
  await useBenchBackend();
  const suite = await buildDocsSuite();
  const rng = createRng(1, "bench");
  const rows = trainExamples(suite).flat();
  const passages = suite.tasks.flatMap((task) => [...task.corpus.values()]);
  const batch = (): TextBatch => {
    const chosen = Array.from(
      { length: 32 },
      () => rows[rng.int(rows.length)]!,
    );
    return {
      queries: chosen.map(({ query }) => query.text),
      passages: chosen.map(({ positives }) => [
        passageText(positives[0]!),
        passageText(passages[rng.int(passages.length)]!),
      ]),
    };
  };
  const texts = passages.slice(0, 2000).map(passageText);
  const encoder = createEncoder(
    bertConfig({
      vocabSize: 8000,
      hiddenSize: 128,
      layers: 1,
      heads: 2,
      intermediateSize: 512,
    }),
    createTokenizer(trainTokenizer(texts, { vocabSize: 8000 })),
    {
      rng: createRng(1, "model"),
      modules: { pooling: "mean", normalize: true, prompts: {} },
    },
  );
  return await trainingWork(
    encoder,
    Array.from({ length: quick ? 1 : 4 }, batch),
    { folder, name: "train_demo", queryLength: 48, passageLength: 64 },
  );
}
