import type { Suite } from "../../data/mod.ts";
import { collectReport } from "../../eval/mod.ts";
import type { Encoder } from "../../model/mod.ts";
import type { DevEvaluation } from "../dev/dev_scores.ts";
import type { DevSet } from "../dev/dev_set.ts";
import { METRIC } from "../summary.ts";
import type { Teacher } from "./teacher.ts";

/** Measures query towers on a dev sample, by the teacher's vectors of its passages. */
export function towerDev(
  sample: Suite,
  teacher: Teacher,
  signal?: AbortSignal,
): DevSet {
  const scores = async (encoder: Encoder) => {
    const { tasks } = await collectReport(
      teacher.evaluate(encoder, sample, {
        split: "dev",
        metrics: [METRIC],
        k: 10,
        ...signal && { signal },
      }),
    );
    return {
      scores: Object.fromEntries(
        tasks.map(({ task, mean }) => [task, mean[METRIC]!]),
      ),
    };
  };
  let start: DevEvaluation | undefined;
  return {
    scores,
    startScores: async (encoder) => start ??= await scores(encoder),
  };
}
