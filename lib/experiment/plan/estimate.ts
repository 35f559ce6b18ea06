import type { Suite } from "../../data/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import type { TextLengths } from "../stages/cut_texts.ts";
import type {
  MeasuredUpdates,
  PlanEstimates,
  PlannedModel,
  PlannedStage,
  PlannedTask,
} from "./run_plan.ts";

/** What estimates follow from. */
export interface EstimateInput {
  /** The tasks. */
  tasks: readonly PlannedTask[];
  /** What trains. */
  stages: readonly PlannedStage[];
  /** Lengths, with the mean tokens of each task's texts. */
  lengths: TextLengths;
  /** The model. */
  model: PlannedModel;
  /** Models that are kept, and how many are evaluated. */
  models: { kept: number; evaluated: number };
  /** Which model of an arm is kept. */
  keep?: ExperimentOptions["keep"] | undefined;
  /** Evaluations while the retrievers train; absent if there are none. */
  dev?: PlannedDev | undefined;
  /** Three updates; absent if none were made. */
  measured?: MeasuredUpdates | undefined;
}

/** Evaluations on dev queries that are going to be made. */
export interface PlannedDev {
  /** What each reads of every task. */
  tasks: readonly { name: string; queries: number; passages: number }[];
  /** How many there are. */
  evaluations: number;
}

/**
 * What evaluations a training with `evalEvery` brings: one of each start, and of each
 * retriever after every so many updates and after the last.
 *
 * @param options Settings.
 * @param plan The sample, and how many retrievers are trained from how many starts.
 */
export function plannedDev(
  { evalEvery, steps }: Pick<ExperimentOptions, "evalEvery" | "steps">,
  { sample, retrievers, starts }: {
    sample: Suite | undefined;
    retrievers: number;
    starts: number;
  },
): PlannedDev | undefined {
  if (!sample || evalEvery === undefined) return;
  return {
    tasks: sample.tasks.map(({ name, queries, corpus }) => ({
      name,
      queries: queries.size,
      passages: corpus.size,
    })),
    evaluations: starts + retrievers * Math.ceil(steps / evalEvery),
  };
}

/**
 * Estimates time, memory and disk. A token costs the same everywhere; without
 * gradients a third, where that wasn't measured.
 */
export function estimate(input: EstimateInput): PlanEstimates {
  const { model, models, keep, measured, stages, dev, lengths } = input;
  const tested = input.tasks.map(({ name, passages, testQueries }) => //
  ({ name, passages, queries: testQueries }));
  return {
    seconds: measured && {
      training: trainingTokens(input) * measured.secondsPerToken,
      evaluation: models.evaluated * evaluationTokens(tested, lengths) *
        (measured.secondsPerTokenEncoded ?? measured.secondsPerToken / 3),
      ...dev && {
        dev: dev.evaluations * evaluationTokens(dev.tasks, lengths) *
          measured.secondsPerToken / 3,
      },
    },
    memory: measured &&
      measured.memory +
        (stages.some(({ reference }) => reference) ? model.bytes : 0) +
        largestIndex(input),
    disk: diskSpace(model, { models: models.kept, keep }),
  };
}

/**
 * Bytes of a run's models and checkpoints, each with two moments: two are kept while
 * the next is written; and that of the best model, with the one before.
 */
export function diskSpace(
  { bytes, trained }: Pick<PlannedModel, "bytes" | "trained">,
  { models, keep }: {
    models: number;
    keep?: ExperimentOptions["keep"] | undefined;
  },
): number {
  const checkpoints = keep === "best" ? 5 : 3;
  return models * bytes + checkpoints * (bytes + 2 * trained);
}

/** Tokens that go through a model in training; a reference costs a third more. */
function trainingTokens({ stages, lengths }: EstimateInput): number {
  const each = Object.values(lengths.tokens);
  const mean = (of: "queries" | "passages") =>
    each.reduce((sum, task) => sum + task[of], 0) / each.length;
  return stages.reduce(
    (sum, { updates, queries, passages, reference }) =>
      sum +
      updates * queries * (mean("queries") + passages * mean("passages")) *
        (reference ? 4 / 3 : 1),
    0,
  );
}

/** Tokens that one model reads to be evaluated. */
function evaluationTokens(
  tasks: PlannedDev["tasks"],
  lengths: TextLengths,
): number {
  return tasks.reduce((sum, { name, passages, queries }) => {
    const tokens = lengths.tokens[name]!;
    return sum + passages * tokens.passages + queries * tokens.queries;
  }, 0);
}

/** Bytes of the vectors of the largest corpus. */
function largestIndex({ tasks, model }: EstimateInput): number {
  return 4 * model.dimension * Math.max(...tasks.map((task) => task.passages));
}
