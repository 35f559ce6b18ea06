import type { EvalOrigin, EvalReport, EvalSettings } from "./eval_report.ts";

/**
 * How a report begins. Without an origin the key is absent, as it is once the
 * report has been written and read.
 */
export function reportHead(
  suite: string,
  settings: EvalSettings,
  origin?: EvalOrigin,
): Pick<EvalReport, "format" | "suite" | "settings" | "origin"> {
  const head = { format: "tdro-eval/1" as const, suite, settings };
  return origin ? { ...head, origin } : head;
}
