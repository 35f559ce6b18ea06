import type { EvalReport } from "../eval/mod.ts";

/** Below so many queries a bootstrap interval covers less than it says. */
const FEW = 50;

/**
 * A sentence on tasks with few test queries, if there are any: their bootstrap
 * intervals come out too narrow (BCa intervals cover 64 to 89 % instead of 95 on
 * sparse differences of 20 queries).
 *
 * @param report Evaluation of any arm.
 */
export function fewQueries(report: EvalReport | undefined): string[] {
  const few = report?.tasks.filter(({ queryIds }) => queryIds.length < FEW) ??
    [];
  if (few.length === 0) return [];
  const names = few.slice(0, 4).map(({ task }) => task).join(", ");
  return [
    `${few.length} of ${
      report!.tasks.length
    } tasks have fewer than ${FEW} test queries (${names}${
      few.length > 4 ? ", …" : ""
    }): intervals of single tasks are too narrow there.`,
  ];
}
