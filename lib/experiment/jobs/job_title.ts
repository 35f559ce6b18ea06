import type { Job } from "./job_plan.ts";

/** A job as messages name it. */
export function jobTitle({ strategy, seed }: Job): string {
  return `${strategy ?? "without training"}, seed ${seed}`;
}
