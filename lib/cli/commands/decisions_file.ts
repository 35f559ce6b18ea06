import { readTextIfThere } from "../../base/files/read_text.ts";
import type { DecisionRow } from "../../search/mod.ts";

/**
 * The pairs in a file of decisions.
 *
 * @param path The file; none are there if it isn't, or isn't named.
 */
export async function readDecisionsIfThere(
  path?: string,
): Promise<DecisionRow[]> {
  if (path === undefined) return [];
  const { parseDecisions } = await import("../../search/mod.ts");
  const text = await readTextIfThere(path);
  return text === undefined ? [] : parseDecisions(text, path);
}

/**
 * What was decided stays; what was only listed is listed anew.
 *
 * @param before The pairs in the file.
 * @param found The pairs found now.
 */
export function mergeDecisions(
  before: readonly DecisionRow[],
  found: readonly DecisionRow[],
): DecisionRow[] {
  const decided = before.filter((row) => row.decision !== "");
  const key = (row: DecisionRow) =>
    JSON.stringify([row.task, row.query, row.passage]);
  const keys = new Set(decided.map(key));
  return [...decided, ...found.filter((row) => !keys.has(key(row)))];
}
