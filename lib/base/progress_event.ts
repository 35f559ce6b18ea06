/** How much of some work is done. */
export interface Progress {
  /** How much is done. */
  done: number;
  /** How much there is to do; 0 if that isn't known. */
  total: number;
  /** Something to show beside it, e.g. a loss. */
  note?: string;
}

/** How far some long work is; long work is a generator of these. */
export interface ProgressEvent extends Progress {
  /** Part of the work; a new one starts a new bar. */
  stage: string;
  /** What is being done. */
  label: string;
  /** What has one row of a panel for all of its stages, e.g. a strategy. */
  row?: string;
  /** Course of a score so far, e.g. of the evaluations on dev queries. */
  curve?: readonly number[];
  /** Sentences to be shown as they are, in place of a bar. */
  lines?: readonly string[];
}
