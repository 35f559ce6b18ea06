import type { DevLine } from "./dev_log.ts";

/** A task's best evaluation while an arm was trained, and its last one. */
export interface DevPeak {
  /** What the arm is called. */
  arm: string;
  /** Task name. */
  task: string;
  /** nDCG@10 before any update. */
  start: number;
  /** The highest. */
  best: number;
  /** Updates made before the highest; of equal ones the first. */
  bestStep: number;
  /** The last. */
  end: number;
  /** `best` minus `end`. */
  lost: number;
}

/**
 * What each task of each arm has lost since its best, the largest loss first.
 *
 * @param lines Evaluations, in order.
 * @param label What an arm is called.
 */
export function devPeaks(
  lines: readonly DevLine[],
  label: (arm: string) => string = (arm) => arm,
): DevPeak[] {
  const arms = Map.groupBy(lines, ({ stage }) => stage);
  return [...arms].flatMap(([arm, course]) =>
    Object.keys(course[0]!.ndcgByTask).map((task) => {
      const of = (line: DevLine) => line.ndcgByTask[task]!;
      const top = course.reduce((a, b) => of(b) > of(a) ? b : a);
      const [best, end] = [of(top), of(course.at(-1)!)];
      return {
        arm: label(arm),
        task,
        start: of(course[0]!),
        best,
        bestStep: top.step,
        end,
        lost: best - end,
      };
    })
  ).sort((a, b) => b.lost - a.lost);
}
