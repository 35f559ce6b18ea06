import type { BalanceName } from "../../base/balance_names.ts";
import type { Progress } from "../../base/progress_event.ts";
import type { RandomSource } from "../../base/random_source.ts";
import type { StepWeightsOptions } from "../update/step_weights.ts";
import type { Merging } from "./soup_of.ts";
import type { OnlineMixture } from "../online/online_mixture.ts";
import type { WeightState } from "../update/weight_state.ts";

/**
 * A way to choose the mixture, be it a rule or a method that trains proxies.
 * A new one is a file that makes such an object, and a line in `STRATEGIES`.
 */
export interface Strategy {
  /** Short name. */
  name: string;
  /** Where it is published. */
  source: string;
  /** The rule or the step, in one line. */
  formula: string;
  /**
   * What it costs, in proxy steps (training updates of the proxy): `"0"`, or a
   * formula of N, the budget, and K, the number of tasks.
   */
  cost: string;
  /** When its weights are not to be trusted. */
  failsWhen: string;
  /**
   * Chooses the weights.
   *
   * @param context What it may use. A rule reads sizes and no more.
   * @yields How far it is.
   * @returns Weights, shape `[K]`, ≥ 0, sum 1.
   * @throws {RangeError} If the budget is too small for it, or the context
   * lacks something that it needs.
   */
  learn(
    context: StrategyContext,
  ): AsyncGenerator<StrategyProgress, number[]>;
  /**
   * For weights that follow from another strategy's: whose, and how. `learn` then gives
   * the same as learning those and changing them, so that whoever has them already
   * needn't learn them again.
   */
  from?: DerivedWeights | undefined;
  /**
   * How a retriever weighs the tasks of an update, see `lossBalance()`.
   * @default {as the settings say}
   */
  balance?: BalanceName;
  /** Whether each update must be of one task. @default {false} */
  oneTask?: boolean;
  /** For a retriever that is merged of several. @default {one retriever} */
  merging?: Merging;
  /**
   * Whether its weights are drawn by lot: they differ between seeds though nothing is
   * learned. @default {false}
   */
  drawn?: boolean;
  /**
   * For a mixture that changes while a retriever trains on it: makes it, at its start.
   * `learn` then gives its first weights.
   *
   * @param tasks Number of tasks K.
   * @param training What it will be asked in.
   */
  online?(tasks: number, training: OnlineTraining): OnlineMixture;
}

/** The training of a retriever on a mixture that changes. */
export interface OnlineTraining {
  /** Training rows of each task, shape `[K]`. */
  sizes: readonly number[];
  /** Updates, ≥ 1. */
  steps: number;
  /** What `learn` kept for it by {@linkcode StrategyContext.keep}; absent if nothing. */
  kept?: unknown;
}

/** Weights that follow from another strategy's. */
export interface DerivedWeights {
  /** The other strategy. */
  of: Strategy;
  /**
   * Changes the other's weights.
   *
   * @param weights Those of the other, shape `[K]`.
   * @param context The generator of the run's seed.
   * @returns Weights, shape `[K]`.
   * @throws {RangeError} If nothing is left of them.
   */
  change(
    weights: readonly number[],
    context: Pick<StrategyContext, "rng">,
  ): number[];
}

/** How far a strategy is, in proxy steps. */
export type StrategyProgress = Progress;

/**
 * What a strategy may use. Whoever runs it gives this and counts what each use
 * costs, so no strategy can be cheaper on paper than it is.
 */
export interface StrategyContext {
  /** Task names, shape `[K]`. */
  names: readonly string[];
  /** Training rows of each task, shape `[K]`. */
  sizes: readonly number[];
  /** The budget, in proxy steps; > 0. */
  proxySteps: number;
  /** What each use costs. */
  costs: StrategyCosts;
  /** Proxy steps spent so far. */
  spent(): number;
  /**
   * Keeps what the mixture must know beside its first weights, for `online`.
   *
   * @param value Plain data.
   */
  keep(value: unknown): void;
  /** A generator of the run's seed; the same purpose gives the same draws. */
  rng(purpose: string): RandomSource;
  /**
   * The same once more with other draws, and its own part of the budget: for the mean
   * of several runs. The first, number 0, has the draws of this context.
   *
   * @param number Which one, from 0.
   * @param of How many share the budget.
   */
  again(number: number, of: number): StrategyContext;
  /**
   * A new proxy. All start from the same parameters and see the same rows of a
   * task in the same order, so that two differ by their mixtures alone.
   *
   * @param steps Updates it will make at most; its learning rate's schedule
   * spans them.
   */
  proxy(steps: number): Promise<ProxyModel>;
  /**
   * Trains a proxy on mixed batches, uniform over tasks, while `stepWeights`
   * moves the weights of its loss (tDRO's stage 1).
   *
   * @param options The update, and how many there are.
   * @yields How far it is.
   * @returns The last state of the weights.
   */
  learnByLoss(
    options: LearnByLossOptions,
  ): AsyncGenerator<StrategyProgress, WeightState>;
}

/**
 * What a strategy's uses cost, in proxy steps: updates of as many texts as the
 * retrievers' have.
 */
export interface StrategyCosts {
  /**
   * All tasks' dev losses once. Forward passes count a third of an update each,
   * as a backward pass costs about two forward ones.
   */
  devLosses: number;
  /** All tasks' gradients once: K. */
  gradients: number;
  /** One step of `learnByLoss` with a reference's losses, and without. */
  lossStep: {
    /** One update of stage 1's batch, and a forward pass of the reference. */
    withReference: number;
    /** One update of stage 1's batch. */
    alone: number;
  };
}

/** Options for `learnByLoss`. */
export interface LearnByLossOptions {
  /** Updates of proxy and weights. */
  steps: number;
  /** Measure, step size and the rest. */
  update: StepWeightsOptions;
  /** Whether the uniformly trained model's losses are needed too. */
  reference: boolean;
}

/** What an update of a proxy was made of. */
export interface WatchedUpdate {
  /** Domain id of its batch. */
  domain: number;
  /** Mean loss of its examples in nats. */
  loss: number;
}

/** A small model in training, to try a mixture on. */
export interface ProxyModel {
  /**
   * Trains on: homogeneous batches, drawn by these weights. Costs `steps`.
   *
   * @param weights Sampling weights, shape `[K]`, ≥ 0; need not sum to 1.
   * @param steps Updates, an integer ≥ 0.
   */
  train(weights: readonly number[], steps: number): Promise<void>;
  /**
   * The same, and tells the loss of each update, before it was made. Costs `steps`.
   *
   * @param weights As for `train`.
   * @param steps As for `train`.
   * @returns The updates in order.
   */
  watch(
    weights: readonly number[],
    steps: number,
  ): Promise<WatchedUpdate[]>;
  /** Mean loss on each task's dev queries in nats, shape `[K]`. */
  devLosses(): Promise<number[]>;
  /**
   * Inner products of the tasks' gradients, each of the mean loss of the task's
   * next batch: symmetric, shape `[K][K]`.
   */
  gradientProducts(): Promise<number[][]>;
  /** A copy that trains on independently: parameters, moments and rows. */
  copy(): Promise<ProxyModel>;
  /** Frees it. */
  dispose(): void;
}
