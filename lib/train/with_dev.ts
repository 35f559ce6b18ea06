/** Options for {@linkcode withDev}. */
export interface WithDevOptions {
  /** Updates between two evaluations, >= 1. */
  every: number;
  /**
   * Measures the model as it is, after so many updates: a score for each task, the
   * higher the better.
   */
  evaluate: (updates: number) => Promise<Record<string, number>>;
  /**
   * Ends after so many evaluations in a row without a better mean, >= 1.
   * @default {never}
   */
  patience?: number | undefined;
  /** Updates that were made before. @default {0} */
  done?: number;
  /** What the last evaluation before left, to go on as if never stopped. */
  state?: DevState | undefined;
}

/** What evaluations came to so far; JSON-serialisable. */
export interface DevState {
  /** The newest one. */
  last: DevScore;
  /** The best one; of equal ones the first. */
  best: DevScore;
  /** The best one before that; absent if there was none. */
  bestBefore?: DevScore;
  /** Evaluations since the best one. */
  since: number;
}

/** A mean score, and when it was measured. */
export interface DevScore {
  /** Updates made before; 0 is the start. */
  step: number;
  /** Mean over the tasks. */
  mean: number;
}

/** What an evaluation between two updates found. */
export interface DevReport extends DevScore {
  /** Score by task. */
  scores: Record<string, number>;
  /** Wall time in seconds. */
  seconds: number;
  /** All evaluations so far, this one included. */
  state: DevState;
}

/**
 * Tells evaluations from updates among what {@linkcode withDev} yields.
 *
 * @param event One of them.
 *
 * @example Usage
 * ```ts
 * import { isDevReport } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * assert.equal(isDevReport({ step: 3, loss: 1.5 }), false);
 * ```
 */
export function isDevReport(event: object): event is DevReport {
  return "scores" in event;
}

/**
 * Puts evaluations between the updates of a training run: before the first one,
 * after every so many, and after the last. The updates come as they are, each
 * before the evaluation that follows it, so that a checkpoint may be saved first.
 *
 * @param steps What `train()` or `learnWeights()` yields.
 * @param options How often, and what measures.
 * @returns Updates and evaluations; {@linkcode isDevReport} tells them apart.
 * @throws {RangeError} If an option is out of range, or a score isn't finite.
 *
 * @example Usage
 * ```ts
 * import { isDevReport, withDev } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * let quality = 0; // stands for a model that gets better and then worse
 * async function* steps() { // stands for train(encoder, batches, …)
 *   for (let step = 0; step < 100; step++) {
 *     quality += step < 6 ? 0.1 : -0.1;
 *     yield { step };
 *   }
 * }
 * const evaluate = () => Promise.resolve({ faq: quality, code: quality });
 * const seen: number[] = [];
 * for await (const event of withDev(steps(), { every: 2, evaluate, patience: 2 })) {
 *   if (isDevReport(event)) seen.push(event.step);
 * }
 * assert.deepEqual(seen, [0, 2, 4, 6, 8, 10]); // the best after 6, ended after two more
 * ```
 */
export async function* withDev<Step extends { step: number }>(
  steps: AsyncIterable<Step>,
  options: WithDevOptions,
): AsyncGenerator<Step | DevReport, void, undefined> {
  const { every, evaluate, patience = Infinity, done = 0 } = options;
  for (const [name, value] of Object.entries({ every, patience })) {
    if (value >= 1 && (Number.isInteger(value) || value === Infinity)) continue;
    throw new RangeError(
      `Cannot evaluate while training: ${name} must be an integer >= 1: got ${value}`,
    );
  }
  let { state } = options;
  let made = done;
  const measured = async (): Promise<DevReport> => {
    const started = performance.now();
    const scores = await evaluate(made);
    const seconds = (performance.now() - started) / 1000;
    const mean = meanOf(scores, made);
    state = nextState(state, { step: made, mean });
    return { step: made, mean, scores, seconds, state };
  };
  const ended = () => state !== undefined && state.since >= patience;
  const isNew = () => state?.last.step !== made;
  if (isDevDue(made, every) && isNew()) yield await measured();
  if (ended()) return;
  for await (const step of steps) {
    yield step;
    made = step.step + 1;
    if (!isDevDue(made, every)) continue;
    yield await measured();
    if (ended()) return;
  }
  if (isNew()) yield await measured();
}

/**
 * Whether {@linkcode withDev} evaluates after so many updates; at the end it does in
 * any case.
 *
 * @param updates Updates made.
 * @param every Updates between two evaluations.
 *
 * @example Usage
 * ```ts
 * import { isDevDue } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([0, 5, 10].map((updates) => isDevDue(updates, 10)), [true, false, true]);
 * ```
 */
export function isDevDue(updates: number, every: number): boolean {
  return updates % every === 0;
}

function nextState(before: DevState | undefined, now: DevScore): DevState {
  if (before && now.mean <= before.best.mean) {
    return { ...before, last: now, since: before.since + 1 };
  }
  return { last: now, best: now, bestBefore: before?.best, since: 0 };
}

function meanOf(scores: Record<string, number>, updates: number): number {
  const entries = Object.entries(scores);
  const wrong = entries.find(([, score]) => !Number.isFinite(score));
  if (wrong || entries.length === 0) {
    throw new RangeError(
      `Cannot evaluate while training: the score of ${
        wrong?.[0] ?? "at least one task"
      } must be finite: got ${wrong?.[1] ?? "none"} after ${updates} updates`,
    );
  }
  return entries.reduce((sum, [, score]) => sum + score, 0) / entries.length;
}
