import type { ProgressEvent } from "../../base/progress_event.ts";
import {
  devSample,
  holdOutDev,
  type Suite,
  tasksWithoutDev,
} from "../../data/mod.ts";
import type { Encoder } from "../../model/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import type { SettledOptions } from "../settled_lengths.ts";
import { trainedSizes } from "../stages/retriever_loss.ts";
import { type DevEvaluation, evaluateDev } from "./dev_scores.ts";

/** Measures models on a dev sample while they train. */
export interface DevSet {
  /** nDCG@10 of an encoder on it. */
  scores(encoder: Encoder): Promise<DevEvaluation>;
  /** The same of the encoder that every arm starts from, measured once. */
  startScores(start: Encoder): Promise<DevEvaluation>;
}

/** A suite to train on, and a sample to measure models on the way. */
export interface SuiteWithDev {
  /** The tasks, without the training queries that were held out. */
  suite: Suite;
  /** The sample: of each task some dev queries and passages; absent without `evalEvery`. */
  sample?: Suite | undefined;
  /** What is told of both. */
  events: ProgressEvent[];
}

/**
 * Takes dev queries from a suite as the settings say. Nothing of the test split is
 * looked at.
 *
 * @param suite The tasks.
 * @param options Settings.
 * @throws {RangeError} If tasks have no dev queries and none may be held out.
 */
export function withDevSample(
  suite: Suite,
  options: ExperimentOptions,
): SuiteWithDev {
  const { evalEvery, evalQueries: queries, evalPassages: passages } = options;
  const { suite: reduced, heldOut } = options.devFrom === "train"
    ? holdOutDev(suite, { queries })
    : { suite, heldOut: {} };
  const held = heldSentence(heldOut);
  if (evalEvery === undefined) {
    return { suite: reduced, events: held ? [event(held)] : [] };
  }
  refuseWithoutDev(reduced);
  const sample = devSample(reduced, { queries, passages });
  const label = `${devSentence(sample, evalEvery)}${held ? `; ${held}` : ""}`;
  return { suite: reduced, sample, events: [event(label)] };
}

/**
 * Refuses to hold out training queries that nothing would measure.
 *
 * @param options Settings.
 */
export function refuseIdleDev(
  { evalEvery, devFrom }: Pick<ExperimentOptions, "evalEvery" | "devFrom">,
): void {
  if (evalEvery !== undefined || devFrom === "dev") return;
  throw new RangeError(
    "Cannot run the experiment: --dev-from train holds out training queries for evaluations while training: add --eval-every, or leave it out",
  );
}

function refuseWithoutDev(suite: Suite): void {
  const lacking = tasksWithoutDev(suite);
  if (lacking.length === 0) return;
  const [which, each] = lacking.length === 1
    ? [`task ${lacking[0]} has`, ""]
    : [`tasks ${lacking.join(", ")} have`, " to each"];
  throw new RangeError(
    `Cannot evaluate while training: ${which} no dev judgments; add qrels/dev.tsv${each}, or hold out a tenth of the training queries by --dev-from train`,
  );
}

/**
 * What measures encoders on a sample.
 *
 * @param sample Made by {@linkcode withDevSample}.
 * @param options Settings, with the lengths of the run.
 * @param signal Stops an evaluation between two batches.
 */
export function devSet(
  sample: Suite,
  options: SettledOptions,
  signal?: AbortSignal,
): DevSet {
  const { queryLength, passageLength, prompts } = options;
  const settings = { queryLength, passageLength, prompts, signal };
  const scores = (encoder: Encoder) =>
    evaluateDev(encoder, sample, {
      ...settings,
      sizes: trainedSizes(options, encoder),
    });
  let start: DevEvaluation | undefined;
  return {
    scores,
    startScores: async (encoder) => start ??= await scores(encoder),
  };
}

function event(label: string): ProgressEvent {
  return { stage: "dev", label, done: 1, total: 1 };
}

/** One sentence on the sample. */
function devSentence({ tasks }: Suite, every: number): string {
  const sum = (of: (task: Suite["tasks"][number]) => number) =>
    tasks.reduce((total, task) => total + of(task), 0).toLocaleString("en-US");
  return `evaluating every ${every} updates on dev queries: ${
    sum(({ queries }) => queries.size)
  } queries and ${sum(({ corpus }) => corpus.size)} passages of ${
    tasks.length === 1 ? "one task" : `${tasks.length} tasks`
  }`;
}

function heldSentence(
  heldOut: Readonly<Record<string, number>>,
): string | undefined {
  const told = Object.entries(heldOut).map(([task, n]) => `${task} ${n}`);
  if (told.length === 0) return;
  return `training queries held out for dev: ${told.join(", ")}`;
}
