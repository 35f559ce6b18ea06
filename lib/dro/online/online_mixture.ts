/** What an update of a training did, as far as a mixture needs it. */
export interface OnlineObservation {
  /** Loss of each example in nats, shape `[B]`, finite, ≥ 0. */
  losses: readonly number[];
  /** Domain id of each example, shape `[B]`. */
  domains: readonly number[];
  /** Its gradient, where the mixture needs that. */
  gradient?: GradientMeasure | undefined;
}

/** How much of a batch's gradient is signal. */
export interface GradientMeasure {
  /** Estimate of ‖∇L‖², the squared norm of the gradient without noise. */
  signal: number;
  /** Estimate of σ²/B, the variance of the batch's gradient. */
  noise: number;
}

/**
 * A mixture that changes while a retriever trains on it. It is asked before each
 * batch, and told of each update in turn.
 */
export interface OnlineMixture {
  /** What it must be told of an update beside the losses. @default {nothing} */
  needs?: "gradient";
  /** Sampling weights of the next batch, shape `[K]`, ≥ 0, sum 1. */
  weights(): readonly number[];
  /**
   * Takes in an update.
   *
   * @param observation What the update did.
   */
  observe(observation: OnlineObservation): void;
  /** Everything that it remembers; plain data, for a checkpoint. */
  state(): unknown;
  /**
   * Goes on from a state.
   *
   * @param state What {@linkcode OnlineMixture.state} gave.
   */
  restore(state: unknown): void;
}
