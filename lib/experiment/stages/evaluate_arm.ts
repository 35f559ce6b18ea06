import { join } from "node:path";
import { writeJson } from "../../base/files/json_file.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { relay } from "../../base/relay.ts";
import { nearestRows } from "../../backend/mod.ts";
import {
  type EvalReport,
  evaluate,
  evaluateRetriever,
  type TaskReport,
} from "../../eval/mod.ts";
import {
  disposeEncoder,
  encodeFunction,
  type Encoder,
  loadEncoder,
} from "../../model/mod.ts";
import { bm25Retriever } from "../../search/mod.ts";
import { type ArmName, ARMS, type BaselineName, BASELINES } from "../arms.ts";
import { METRIC } from "../summary.ts";
import { evaluationOrigin } from "./evaluation_origin.ts";
import { createRng } from "../../sampling/mod.ts";
import { trainedSizes } from "./retriever_loss.ts";
import { versions } from "../versions.ts";
import type { StageInput } from "./stage_input.ts";

/** What each arm and baseline scored. */
export type Reports = Record<ArmName | BaselineName, EvalReport>;

/** What is measured, of every arm and baseline alike. */
export const MEASURED = {
  split: "test",
  metrics: [METRIC, "MRR@10", "Recall@100"],
  k: 100,
} as const;

/** What an evaluation needs. */
export type EvaluationInput = Pick<
  StageInput,
  "options" | "suite" | "pooled" | "signal" | "backend"
>;

/** A model, and the folder that it came from. */
export interface SavedEncoder {
  /** The model. */
  encoder: Encoder;
  /** Its folder; none for one from scratch. */
  folder: string | undefined;
}

/** Evaluates one model on the test splits, as every comparison here does. */
export async function* evaluateModel(
  { encoder, folder }: SavedEncoder,
  input: EvaluationInput,
): AsyncGenerator<TaskReport, EvalReport> {
  const { options, suite, pooled, signal } = input;
  const origin = await evaluationOrigin(folder, input);
  const sizes = trainedSizes(options, encoder);
  return yield* evaluate(
    encodeFunction(encoder, options),
    pooled?.suite ?? suite,
    {
      ...MEASURED,
      pool: pooled?.origin.sha256,
      origin,
      sizes: sizes &&
        { ...sizes, rng: createRng(options.seed, "experiment/sizes") },
      prompts: options.prompts,
      // Much faster on large corpora, the same numbers to the bit.
      prepare: (passages) => nearestRows(passages),
      signal,
    },
  );
}

/**
 * Goes through an evaluation, task by task.
 *
 * @param evaluation What `evaluateModel()` or its like started.
 * @param total How many tasks there are.
 * @param event Stage and label of its progress.
 */
export async function* watched(
  evaluation: AsyncGenerator<TaskReport, EvalReport>,
  total: number,
  event: Pick<ProgressEvent, "stage" | "label">,
): AsyncGenerator<ProgressEvent, EvalReport> {
  let done = 0;
  yield { ...event, done, total };
  return yield* relay(evaluation, ({ task, mean }) => ({
    ...event,
    done: ++done,
    total,
    note: `${task}: ${mean[METRIC]!.toFixed(3)}`,
  }));
}

/**
 * Evaluates every arm on the test splits: exact search over each task's whole
 * corpus, or over the pool. One arm's model is in memory at a time.
 *
 * @param input Settings and tasks.
 * @param folders Where each arm's model lies.
 */
export async function* evaluateArms(
  input: EvaluationInput & { base: Encoder },
  folders: Record<ArmName, string>,
): AsyncGenerator<ProgressEvent, Reports> {
  const reports: Partial<Reports> = {};
  const event = {
    stage: "evaluation",
    label: "evaluating on the test splits",
    total: (BASELINES.length + ARMS.length) * input.suite.tasks.length,
  };
  let done = 0;
  yield { ...event, done };
  const relayed = (
    name: keyof Reports,
    evaluation: AsyncGenerator<TaskReport, EvalReport>,
  ) =>
    relay(evaluation, ({ task, mean }) => ({
      ...event,
      done: ++done,
      note: `${name}, ${task}: ${mean[METRIC]!.toFixed(3)}`,
    }));
  for (const [name, evaluation] of baselineEvaluations(input.base, input)) {
    reports[name] = yield* relayed(name, evaluation);
  }
  for (const arm of ARMS) {
    const encoder = await loadEncoder(folders[arm]);
    try {
      const saved = { encoder, folder: folders[arm] };
      reports[arm] = yield* relayed(arm, evaluateModel(saved, input));
    } finally {
      disposeEncoder(encoder);
    }
  }
  await writeJson(join(input.options.out, "eval.json"), reports, 1);
  return reports as Reports;
}

/** Evaluations of what nothing was trained for. */
export function baselineEvaluations(
  base: Encoder,
  input: EvaluationInput,
): [BaselineName, AsyncGenerator<TaskReport, EvalReport>][] {
  const { suite, pooled, options: { model } } = input;
  return [
    [
      "bm25",
      evaluateRetriever(bm25Retriever, pooled?.suite ?? suite, {
        ...MEASURED,
        pool: pooled?.origin.sha256,
        retriever: "BM25",
        origin: { versions: versions() },
        signal: input.signal,
      }),
    ],
    ["start", evaluateModel({ encoder: base, folder: model }, input)],
  ];
}
