/** A mixture that is known before training: a rule from sizes to weights. */
export interface MixtureStrategy {
  /** Short name. */
  name: string;
  /** The rule, with s the rows of a task and K the number of tasks. */
  formula: string;
  /** Where the rule comes from. */
  source: string;
  /**
   * Domain weights for tasks of these sizes.
   *
   * @param sizes Training rows of each task, shape `[K]`.
   * @returns Weights, shape `[K]`, sum 1.
   */
  weights(sizes: readonly number[]): number[];
}
