/** Ways to weigh the tasks of one update against each other. */
export const BALANCES = ["uncertainty", "gradnorm", "pcgrad"] as const;

/** Name of one. */
export type BalanceName = (typeof BALANCES)[number];
