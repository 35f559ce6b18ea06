import { LARGEST_BATCH } from "../base/defaults.ts";
import { weightNoise } from "../dro/mod.ts";
import type { ExperimentOptions } from "./experiment_options.ts";
import { weightShape, weightUpdate } from "./weight_options.ts";

/** Rows of a batch beyond which more updates are taken in place of larger ones. */
const AMPLE_BATCH = 128;

/** Updates beyond which nobody waits. */
const MOST_STEPS = 1_000_000;

/**
 * The settings of a run whose `weightNoise` says how far weights may spread by chance:
 * with the batch size and the updates of stage 1 that bring it there. Of the two, one
 * that isn't at its default stays. The noise itself is no setting of the run.
 *
 * The batch becomes a multiple of the tasks, each as often as the others, and updates
 * do the rest: with the default step size both count alike for the examples they take.
 *
 * @param options Settings.
 * @param tasks Number of tasks.
 * @throws {RangeError} If no settings reach it.
 */
export function settleNoise<
  Options extends Omit<ExperimentOptions, "queryLength" | "passageLength">,
>(options: Options, tasks: number): Options {
  const { weightNoise: level, ...rest } = options;
  if (level === undefined) return options;
  const settings = rest as unknown as Options;
  const steps =
    settings.weightSteps !== weightShape.weightSteps.parse(undefined);
  const batch =
    settings.weightBatchSize !== weightShape.weightBatchSize.parse(undefined);
  if (steps && batch) {
    fail(
      level,
      "--weight-steps and --weight-batch-size are both given; leave one out",
    );
  }
  if (tasks < 2) return settings;
  // With a step size of one's own, more updates are more noise.
  if (steps || settings.eta !== undefined) {
    const weightBatchSize = leastBatch(
      settings,
      tasks,
      (candidate) => noiseOf(candidate, tasks)! <= level,
    );
    if (weightBatchSize === undefined) {
      fail(
        level,
        `not even batches of ${LARGEST_BATCH} reach it; give fewer --weight-steps or a smaller --eta`,
      );
    }
    return { ...settings, weightBatchSize };
  }
  const whole = batch
    ? settings
    : { ...settings, weightBatchSize: wholeBatch(settings, tasks) };
  // Where eta = 20 / steps, noise falls with the root of the updates.
  const now = noiseOf(whole, tasks)!;
  let weightSteps = Math.max(
    whole.weightSteps,
    10 * Math.ceil(whole.weightSteps * (now / level) ** 2 / 10),
  );
  // A step size at its upper limit breaks that rule.
  while (
    weightSteps <= MOST_STEPS &&
    noiseOf({ ...whole, weightSteps }, tasks)! > level
  ) weightSteps += 10;
  if (weightSteps > MOST_STEPS) {
    fail(level, `it would take over ${MOST_STEPS} updates; allow more noise`);
  }
  return { ...whole, weightSteps };
}

/**
 * Expected spread of the log-weights where tasks don't differ; `undefined` for a
 * single task.
 */
export function noiseOf(
  options: Pick<
    ExperimentOptions,
    | "weightSteps"
    | "weightBatchSize"
    | "weightDraw"
    | "weightSeeds"
    | "measure"
    | "eta"
    | "referenceFloor"
    | "floorAsAt"
  >,
  tasks: number,
): number | undefined {
  if (tasks < 2) return;
  return weightNoise({
    ...weightUpdate(options),
    tasks,
    batchSize: options.weightBatchSize,
    steps: options.weightSteps,
    draw: options.weightDraw,
    seeds: options.weightSeeds,
  });
}

/** A whole number of rows of each task, near the given size. */
function wholeBatch(
  { weightBatchSize }: Pick<ExperimentOptions, "weightBatchSize">,
  tasks: number,
): number {
  if (tasks > AMPLE_BATCH) return AMPLE_BATCH;
  return tasks * Math.ceil(weightBatchSize / tasks);
}

/** The smallest batch of whole multiples that is good enough, by doubling. */
function leastBatch<
  Options extends Pick<ExperimentOptions, "weightBatchSize">,
>(
  settings: Options,
  tasks: number,
  suffices: (candidate: Options) => boolean,
): number | undefined {
  const first = tasks * Math.ceil(settings.weightBatchSize / tasks);
  for (let size = first; size <= LARGEST_BATCH; size *= 2) {
    if (suffices({ ...settings, weightBatchSize: size })) return size;
  }
}

function fail(level: number, reason: string): never {
  throw new RangeError(
    `Cannot choose settings for a weight noise of ${level}: ${reason}`,
  );
}
