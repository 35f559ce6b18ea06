const FIRST = "weights";

/**
 * Name of stage 1 with its seed number `i`, from 0, in progress, log and checkpoints.
 */
export function weightStage(i: number): string {
  return i === 0 ? FIRST : `${FIRST}-${i + 1}`;
}

/** Whether a line of the log is of stage 1. */
export function isWeightStage(stage: string): boolean {
  return /^weights(?:-\d+)?$/.test(stage);
}
