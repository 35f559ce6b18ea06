/**
 * The text of a query as the encoder gets it, in e5 style (spec section 3.4):
 * `Instruct: `, the prompt, a newline, `Query: `, the query. An empty prompt
 * leaves the query as it is.
 *
 * Queries alone get the prompt, also in symmetric tasks (kinds `symmetric`,
 * `duplicate-question`). The reference puts one on the passages of symmetric
 * tasks too, but only in training: its evaluation never does (surprise S3), so
 * a model would be trained on one form of the corpus and tested on another.
 * Who wants the reference's form calls this function on the passage texts.
 *
 * @param prompt Instruction of the task, or `""`.
 * @param query Text of the query.
 * @returns The query with its prompt.
 *
 * @example Usage
 * ```ts
 * import { queryText } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert.equal(
 *   queryText("Find the answer", "who wrote Emma?"),
 *   "Instruct: Find the answer\nQuery: who wrote Emma?",
 * );
 * assert.equal(queryText("", "who wrote Emma?"), "who wrote Emma?");
 * ```
 */
export function queryText(prompt: string, query: string): string {
  return prompt === "" ? query : `Instruct: ${prompt}\nQuery: ${query}`;
}
