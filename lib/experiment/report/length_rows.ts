import type { EvalReport } from "../../eval/mod.ts";
import { METRIC } from "../summary.ts";

/**
 * Mean nDCG@10 of vectors cut to each length that was trained, a row a length and a
 * column an arm; none where no length but the whole was.
 *
 * @param reports Evaluations by arm or baseline.
 * @param labelOf What an arm is called.
 */
export function lengthRows(
  reports: Readonly<Record<string, EvalReport | undefined>>,
  labelOf: (name: string) => string = (name) => name,
): Record<string, number>[] {
  const measured = Object.entries(reports).flatMap(([name, report]) =>
    report?.sizes ? [{ name: labelOf(name), sizes: report.sizes }] : []
  );
  return (measured[0]?.sizes ?? []).map(({ dim }) => ({
    components: dim,
    ...Object.fromEntries(
      measured.map(({ name, sizes }) => [
        name,
        sizes.find((size) => size.dim === dim)!.mean[METRIC]!,
      ]),
    ),
  }));
}
