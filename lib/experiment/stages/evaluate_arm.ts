import { join } from "node:path";
import { nearestRows } from "../../backend/mod.ts";
import { type Suite, writeWhole } from "../../data/mod.ts";
import { type EvalReport, evaluate, type TaskReport } from "../../eval/mod.ts";
import {
  disposeEncoder,
  encodeFunction,
  type Encoder,
  loadEncoder,
} from "../../model/mod.ts";
import { type ArmName, ARMS } from "../arms.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import type { ProgressEvent } from "../progress_event.ts";
import { METRIC } from "../summary.ts";

/** Evaluates one model on the test splits, as every comparison here does. */
export function evaluateModel(
  encoder: Encoder,
  options: ExperimentOptions,
  suite: Suite,
  signal?: AbortSignal,
): AsyncGenerator<TaskReport, EvalReport> {
  return evaluate(encodeFunction(encoder, options), suite, {
    split: "test",
    metrics: [METRIC, "MRR@10", "Recall@100"],
    k: 100,
    prompts: options.prompts ? "task" : "none",
    // Much faster on large corpora, the same numbers to the bit.
    prepare: (passages) => nearestRows(passages),
    ...(signal ? { signal } : {}),
  });
}

/**
 * Evaluates every arm on the test splits: exact search over each task's whole
 * corpus. One arm's model is in memory at a time.
 *
 * @param folders Where each arm's model lies.
 */
export async function* evaluateStage(
  options: ExperimentOptions,
  suite: Suite,
  folders: Record<ArmName, string>,
  signal?: AbortSignal,
): AsyncGenerator<ProgressEvent, Record<ArmName, EvalReport>> {
  const reports: Partial<Record<ArmName, EvalReport>> = {};
  const total = ARMS.length * suite.tasks.length;
  let done = 0;
  const event = (note?: string): ProgressEvent => ({
    stage: "evaluation",
    label: "evaluating on the test splits",
    done,
    total,
    ...(note ? { note } : {}),
  });
  yield event();
  for (const arm of ARMS) {
    const encoder = await loadEncoder(folders[arm]);
    try {
      const tasks = evaluateModel(encoder, options, suite, signal);
      while (true) {
        const next = await tasks.next();
        if (next.done) {
          reports[arm] = next.value;
          break;
        }
        done++;
        const { task, mean } = next.value;
        yield event(`${arm}, ${task}: ${mean[METRIC]!.toFixed(3)}`);
      }
    } finally {
      disposeEncoder(encoder);
    }
  }
  const all = reports as Record<ArmName, EvalReport>;
  await writeWhole(
    join(options.out, "eval.json"),
    JSON.stringify(all, null, 1) + "\n",
  );
  return all;
}
