import type { ScaleResult } from "./scale.ts";

/** What a grid came to, as `law.json` and `tdro scale --json` have it. */
export function lawRecord(
  { cells, steps, fit, foretold }: Omit<ScaleResult, "folder">,
): Record<string, unknown> {
  return {
    cells,
    steps,
    ...fit && {
      law: fit.law,
      intervals: fit.intervals,
      error: fit.error,
      open: fit.open,
      measured: fit.measured,
      foretold,
    },
  };
}
