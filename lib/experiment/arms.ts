/** The retrievers that an experiment compares, in the order of its tables. */
export const ARMS = ["uniform", "reweighted", "top70"] as const;

/**
 * Name of an arm: the uniform baseline, sampling by the learned weights, or
 * uniform sampling from the heaviest tasks (`topPercent` of them, by default
 * the 70 % that names the arm).
 */
export type ArmName = typeof ARMS[number];

/** What the arms are measured against, without any training: BM25, and their start. */
export const BASELINES = ["bm25", "start"] as const;

/** Name of a baseline. */
export type BaselineName = typeof BASELINES[number];
