/** How far some long work is; long work is a generator of these. */
export interface ProgressEvent {
  /** Part of the work; a new one starts a new bar. */
  stage: string;
  /** What is being done. */
  label: string;
  /** How much is done. */
  done: number;
  /** How much there is to do. */
  total: number;
  /** Something to show beside it, e.g. a loss. */
  note?: string;
}
