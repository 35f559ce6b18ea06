/** Every measure of a task's losses (`LossMeasure` of `dro`), the usual ones first. */
export const LOSS_MEASURES = [
  "released",
  "ratio-of-means",
  "difference",
  "relative-difference",
  "raw",
] as const;
