import { join } from "node:path";
import { passageText, trainExamples } from "../../../lib/data/mod.ts";
import { loadEncoder } from "../../../lib/model/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { ROOT } from "../../_paths.ts";
import { useBenchBackend } from "../_device.ts";
import { type TextBatch, trainingWork } from "../_training.ts";
import type { Work } from "../_work.ts";
import { buildDocsSuite } from "../../../lib/docs_suite/mod.ts";

/** Stage-1 steps: 16 queries of mixed tasks, 8 passages each. */
export async function setup(quick: boolean, folder: string): Promise<Work> {
  await useBenchBackend();
  const suite = await buildDocsSuite();
  const rng = createRng(1, "bench");
  const rows = trainExamples(suite).flat();
  const passages = suite.tasks.flatMap((task) => [...task.corpus.values()]);
  const batch = (): TextBatch => {
    const chosen = Array.from(
      { length: quick ? 4 : 16 },
      () => rows[rng.int(rows.length)]!,
    );
    return {
      queries: chosen.map(({ query }) => query.text),
      passages: chosen.map(({ positives }) => [
        passageText(positives[0]!),
        ...Array.from(
          { length: 7 },
          () => passageText(passages[rng.int(passages.length)]!),
        ),
      ]),
    };
  };
  const encoder = await loadEncoder(
    join(ROOT, ".cache", "models", "all-MiniLM-L6-v2"),
  );
  return await trainingWork(
    encoder,
    Array.from({ length: quick ? 2 : 4 }, batch),
    {
      folder,
      name: "train_mixed",
      queryLength: 64,
      passageLength: 128,
    },
  );
}
