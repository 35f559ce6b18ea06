import { join } from "node:path";
import { writeJson } from "../../base/files/json_file.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { disposeEncoder } from "../../model/mod.ts";
import { mineStage } from "../stages/mine_negatives.ts";
import type { StageInput } from "../stages/stage_input.ts";
import { trainArm, type TrainedArm } from "../stages/train_arm.ts";
import {
  DISTILLED,
  distilling,
  passagesOf,
  REFINED,
  refining,
  targetsOf,
} from "./tower_stages.ts";
import type { Work } from "./work.ts";

/** The towers of both phases; the caller frees them. */
export async function* trainTowers(
  work: Work & Pick<StageInput, "dev" | "log">,
): AsyncGenerator<ProgressEvent, TrainedArm[]> {
  const { settings, suite, teacher, rows, weights, signal } = work;
  const targets = yield* targetsOf(rows, { teacher, suite, signal });
  const distilled = yield* trainArm(work, {
    name: DISTILLED,
    weights,
    about: "It learned the teacher's vectors of queries, without judgments.",
  }, distilling(work, { teacher, settings, targets }));
  if (settings.refine === 0) return [distilled];
  try {
    const passages = yield* passagesOf(suite, { teacher, signal });
    return [distilled, yield* refined({ ...work, distilled, passages })];
  } catch (error) {
    disposeEncoder(distilled.encoder);
    throw error;
  }
}

async function* refined(
  { distilled, passages, ...work }: Work & Pick<StageInput, "dev" | "log"> & {
    distilled: TrainedArm;
    passages: Parameters<typeof refining>[1]["passages"];
  },
): AsyncGenerator<ProgressEvent, TrainedArm> {
  const { settings, options, suite, teacher, weights, mined, signal } = work;
  const { rows, statistics } = yield* mineStage(options, suite, {
    mined,
    needed: settings.passages > 1,
    signal,
  });
  await writeJson(join(options.out, "negatives.json"), statistics);
  const input: StageInput = {
    ...work,
    base: distilled.encoder,
    options: {
      ...options,
      steps: settings.refine,
      learningRate: options.learningRate! / 10,
    },
    rows: rows.map((own, k) =>
      own.map(({ query, ...row }) => ({
        ...row,
        query: {
          ...query,
          text: (teacher.prefix(suite.tasks[k]!) + query.text).trim(),
        },
      }))
    ),
  };
  return yield* trainArm(input, {
    name: REFINED,
    weights,
    about:
      "It learned the teacher's vectors of queries, then from judgments, with the teacher's vectors of passages.",
  }, refining(input, { teacher, settings, passages }));
}
