import type { Encoder } from "../../model/mod.ts";
import {
  type DevReport,
  type DevState,
  DivergenceError,
  isDevDue,
  type StepReport,
  withDev,
} from "../../train/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import { DevLog } from "./dev_log.ts";
import type { DevSet } from "./dev_set.ts";
import { type KeptStep, keptStep } from "./kept_step.ts";

/** What {@linkcode DevWatch} needs beside the dev set. */
export interface DevWatchOptions {
  /** Name of the stage. */
  stage: string;
  /** Settings; `evalEvery` is among them. */
  options: ExperimentOptions;
}

/**
 * The evaluations of one training: where they stand, their log, and which model
 * they say to keep.
 */
export class DevWatch {
  readonly #dev: DevSet;
  readonly #stage: string;
  readonly #options: ExperimentOptions;
  readonly #log: DevLog;
  #state: DevState | undefined;
  #means: number[] = [];
  /** Of the newest evaluation, where vectors were cut too. */
  #meanByDim: Record<string, number> | undefined;

  /**
   * @param dev What measures.
   * @param options Stage and settings.
   */
  constructor(dev: DevSet, { stage, options }: DevWatchOptions) {
    this.#dev = dev;
    this.#stage = stage;
    this.#options = options;
    this.#log = new DevLog(options.out);
  }

  /** What a checkpoint keeps of it. */
  get state(): DevState | undefined {
    return this.#state;
  }

  /** Takes up what a checkpoint kept; lines of later evaluations are forgotten. */
  async resume(state: DevState | undefined): Promise<void> {
    this.#state = state;
    await this.#log.rewind(this.#stage, state ? state.last.step + 1 : 0);
    const before = (await this.#log.lines())
      .filter(({ stage }) => stage === this.#stage);
    this.#means = before.map(({ mean }) => mean);
  }

  /** The updates with evaluations between them. */
  among<Step extends StepReport>(
    steps: AsyncIterable<Step>,
    { encoder, done }: { encoder: Encoder; done: number },
  ): AsyncGenerator<Step | DevReport> {
    return withDev(steps, {
      every: this.#options.evalEvery!,
      patience: this.#options.patience,
      done,
      state: this.#state,
      evaluate: (updates) => this.#scores(encoder, updates),
    });
  }

  async #scores(
    encoder: Encoder,
    updates: number,
  ): Promise<Record<string, number>> {
    try {
      const { scores, meanByDim } = updates === 0
        ? await this.#dev.startScores(encoder)
        : await this.#dev.scores(encoder);
      this.#meanByDim = meanByDim;
      return scores;
    } catch (error) {
      if (
        updates === 0 ||
        !(error instanceof RangeError && /must be finite/.test(error.message))
      ) {
        throw error;
      }
      throw new DivergenceError(
        `Cannot train on: the model's vectors are not finite after update ${updates}; lower the learning rate or raise the temperature`,
      );
    }
  }

  /** Notes an evaluation. */
  async take(
    { step, mean, scores, seconds, state }: DevReport,
  ): Promise<void> {
    this.#state = state;
    this.#means = [...this.#means, mean];
    const stage = this.#stage;
    const meanByDim = this.#meanByDim;
    await this.#log.append({
      stage,
      step,
      mean,
      ndcgByTask: scores,
      ...meanByDim && { meanByDim },
      seconds,
    });
  }

  /** Makes the log last, also through a power cut. */
  async sync(): Promise<void> {
    await this.#log.sync();
  }

  /** Checkpoints that may be needed: of the best model, and of the best before. */
  pinned(): number[] {
    if (this.#options.keep === "last" || !this.#state) return [];
    const { best, bestBefore } = this.#state;
    return [best, bestBefore ?? best].map(({ step }) => step);
  }

  /** Whether there is an evaluation after so many updates, the end apart. */
  isDue(updates: number): boolean {
    return isDevDue(updates, this.#options.evalEvery!);
  }

  /** Whether the model after so many updates is the one to keep so far. */
  isBest(updates: number): boolean {
    return this.#options.keep === "best" && updates < this.#options.steps &&
      this.#state?.best.step === updates;
  }

  /** What the end of training comes to; `undefined` before any evaluation. */
  kept(): KeptStep | undefined {
    return this.#state && keptStep(this.#state, this.#options);
  }

  /** The means so far. */
  curve(): readonly number[] {
    return this.#means;
  }

  /** What progress shows of it. */
  note(): string {
    if (!this.#state) return "";
    const { last, best } = this.#state;
    const before = best.step < last.step
      ? ` (best ${best.mean.toFixed(3)} at ${best.step})`
      : "";
    return `dev ${last.mean.toFixed(3)}${before}`;
  }
}
