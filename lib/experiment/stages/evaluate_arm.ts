import { join } from "node:path";
import { writeJson } from "../../base/json_file.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { relay } from "../../base/relay.ts";
import { nearestRows } from "../../backend/mod.ts";
import { type EvalReport, evaluate, type TaskReport } from "../../eval/mod.ts";
import {
  disposeEncoder,
  encodeFunction,
  type Encoder,
  loadEncoder,
} from "../../model/mod.ts";
import { type ArmName, ARMS } from "../arms.ts";
import { METRIC } from "../summary.ts";
import { evaluationOrigin } from "./evaluation_origin.ts";
import type { StageInput } from "./stage_input.ts";

/** What an evaluation needs. */
export type EvaluationInput = Pick<
  StageInput,
  "options" | "suite" | "signal" | "backend"
>;

/** A model, and the folder that it was saved in. */
export interface SavedEncoder {
  /** The model. */
  encoder: Encoder;
  /** Its folder. */
  folder: string;
}

/** Evaluates one model on the test splits, as every comparison here does. */
export async function* evaluateModel(
  { encoder, folder }: SavedEncoder,
  input: EvaluationInput,
): AsyncGenerator<TaskReport, EvalReport> {
  const { options, suite, signal } = input;
  const origin = await evaluationOrigin(folder, input);
  return yield* evaluate(encodeFunction(encoder, options), suite, {
    origin,
    split: "test",
    metrics: [METRIC, "MRR@10", "Recall@100"],
    k: 100,
    prompts: options.prompts ? "task" : "none",
    // Much faster on large corpora, the same numbers to the bit.
    prepare: (passages) => nearestRows(passages),
    signal,
  });
}

/**
 * Evaluates one model and tells how far it is.
 *
 * @param model The model.
 * @param input Settings and tasks.
 * @param event What progress shows.
 */
export async function* evaluateArm(
  model: SavedEncoder,
  input: EvaluationInput,
  event: Pick<ProgressEvent, "stage" | "label">,
): AsyncGenerator<ProgressEvent, EvalReport> {
  const total = input.suite.tasks.length;
  let done = 0;
  yield { ...event, done, total };
  return yield* relay(
    evaluateModel(model, input),
    ({ task, mean }) => ({
      ...event,
      done: ++done,
      total,
      note: `${task}: ${mean[METRIC]!.toFixed(3)}`,
    }),
  );
}

/**
 * Evaluates every arm on the test splits: exact search over each task's whole
 * corpus. One arm's model is in memory at a time.
 *
 * @param input Settings and tasks.
 * @param folders Where each arm's model lies.
 */
export async function* evaluateArms(
  input: EvaluationInput,
  folders: Record<ArmName, string>,
): AsyncGenerator<ProgressEvent, Record<ArmName, EvalReport>> {
  const reports: Partial<Record<ArmName, EvalReport>> = {};
  const event = {
    stage: "evaluation",
    label: "evaluating on the test splits",
    total: ARMS.length * input.suite.tasks.length,
  };
  let done = 0;
  yield { ...event, done };
  for (const arm of ARMS) {
    const encoder = await loadEncoder(folders[arm]);
    try {
      reports[arm] = yield* relay(
        evaluateModel({ encoder, folder: folders[arm] }, input),
        ({ task, mean }) => ({
          ...event,
          done: ++done,
          note: `${arm}, ${task}: ${mean[METRIC]!.toFixed(3)}`,
        }),
      );
    } finally {
      disposeEncoder(encoder);
    }
  }
  const all = reports as Record<ArmName, EvalReport>;
  await writeJson(join(input.options.out, "eval.json"), all, 1);
  return all;
}
