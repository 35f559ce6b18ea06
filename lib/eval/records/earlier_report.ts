import { isDeepStrictEqual } from "node:util";
import type { EvalReport, TaskReport } from "./eval_report.ts";
import { settingsThatDiffer } from "./settings_that_differ.ts";

/** A report that was written before. */
export interface EarlierReport {
  /** What it says. */
  report: EvalReport;
  /** Its file, for messages. */
  file: string;
}

/**
 * Gives an earlier report again.
 *
 * @param planned The report to come, without numbers.
 * @param earlier The earlier one.
 * @throws {RangeError} If it is of another evaluation.
 */
export function* earlierReport(
  planned: EvalReport,
  { report, file }: EarlierReport,
): Generator<TaskReport, EvalReport> {
  const names = ({ tasks }: EvalReport) => tasks.map(({ task }) => task);
  const difference = isDeepStrictEqual(names(report), names(planned))
    ? settingsThatDiffer(planned, report)
      .find(({ effect }) => !effect.startsWith("none"))
    : { setting: "tasks", a: names(planned), b: names(report) };
  if (difference) {
    const { setting, a, b } = difference;
    throw new RangeError(
      `Cannot write ${file}: it holds an evaluation with other settings ` +
        `(${setting} is ${a}, was ${b}); choose another file with --out, or ` +
        "replace it with --force",
    );
  }
  yield* report.tasks;
  return report;
}
