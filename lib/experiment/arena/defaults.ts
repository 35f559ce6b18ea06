/** Options that only an arena has. */
export interface ArenaDefaults {
  /** Proxy steps of each strategy and seed. */
  budget: number;
  /** Seeds. */
  seeds: readonly number[];
  /** Maximum dev queries per task whose loss a strategy may use. */
  devQueries: number;
}

/** Their defaults, for `compareMixtures()` and the command line. */
export const ARENA_DEFAULTS: Readonly<ArenaDefaults> = {
  budget: 400,
  seeds: [1, 2, 3],
  devQueries: 64,
};
