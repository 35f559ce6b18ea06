/** What an update of a training did, as far as a mixture needs it. */
export interface OnlineObservation {
  /** Loss of each example in nats, shape `[B]`, finite, ≥ 0. */
  losses: readonly number[];
  /** Domain id of each example, shape `[B]`. */
  domains: readonly number[];
}

/**
 * A mixture that changes while a retriever trains on it. It is asked before each
 * batch, and told of each update in turn.
 */
export interface OnlineMixture {
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
