import type { Qrels, Query } from "../types.ts";

/** The judged queries, in the judgments' order; throws if there's none or no text. */
export async function judgedQueries(
  queries: Iterable<Query> | AsyncIterable<Query>,
  qrels: Qrels,
  where: string,
): Promise<Map<string, Query>> {
  const found = new Map<string, Query>();
  for await (const query of queries) {
    if (qrels.has(query.id)) found.set(query.id, query);
  }
  const judged = new Map<string, Query>();
  for (const id of qrels.keys()) {
    const query = found.get(id);
    if (!query) {
      throw new SyntaxError(
        `Cannot open ${where}: judged query ${
          JSON.stringify(id)
        } must be among the queries; are queries and judgments of one version?`,
      );
    }
    judged.set(id, query);
  }
  if (judged.size === 0) {
    throw new SyntaxError(`Cannot open ${where}: no query is judged`);
  }
  return judged;
}
