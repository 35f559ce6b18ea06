/** Options that only an arena has. */
export interface ArenaDefaults {
  /** Proxy steps of each strategy and seed. */
  budget: number;
  /** Seeds. */
  seeds: readonly number[];
  /** Most dev queries of a task whose loss a strategy gets. */
  devQueries: number;
}

/** Their defaults, for `compareMixtures()` and the command line. */
export const ARENA_DEFAULTS: Readonly<ArenaDefaults> = {
  budget: 400,
  seeds: [1, 2, 3],
  devQueries: 64,
};
