import { type EvalReport, readReport } from "../eval/mod.ts";
import { type BaselineName, BASELINES } from "./arms.ts";

/**
 * What was measured without training, in the `eval.json` of a run.
 *
 * @param path The file.
 * @returns The reports; `undefined` where a version before wrote none.
 */
export async function readBaselines(
  path: string,
): Promise<Record<BaselineName, EvalReport> | undefined> {
  try {
    const [bm25, start] = await Promise.all(
      BASELINES.map((name) => readReport(`${path}#${name}`)),
    ) as [EvalReport, EvalReport];
    return { bm25, start };
  } catch (error) {
    if (error instanceof RangeError) return; // there is none of that name
    throw error;
  }
}
