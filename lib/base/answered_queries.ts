/**
 * Ids of the queries with a relevant passage, in the order of the judgments.
 *
 * @param qrels Query id → passage id → grade; > 0 means relevant.
 */
export function answeredQueries(
  qrels: ReadonlyMap<string, ReadonlyMap<string, number>> | undefined,
): string[] {
  return [...qrels ?? []]
    .filter(([, grades]) => [...grades.values()].some((grade) => grade > 0))
    .map(([id]) => id);
}
