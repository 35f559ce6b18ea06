import { passageText } from "../../base/texts/passage_text.ts";
import { queryText } from "../../base/texts/query_text.ts";
import type { Query, Run, Task } from "../../data/types.ts";
import type { ScoreFunction } from "../types.ts";

/** Scores pairs of texts, such as a cross-encoder does. */
export type ScoreTexts = (
  pairs: readonly (readonly [query: string, passage: string])[],
) => Promise<ArrayLike<number>>;

/**
 * Scores a task's passages for its queries by a function of pairs of texts. What was
 * scored once isn't scored again.
 *
 * @param task The task.
 * @param score Scores pairs of texts.
 * @param options Whether queries get the task's prompt; a cross-encoder is trained
 * without.
 * @returns The function that mining takes.
 *
 * @example Usage
 * ```ts
 * import { pairScorer } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const task = { corpus: new Map([["p", { id: "p", text: "longer" }]]), prompt: "" };
 * const score = pairScorer(task, (pairs) => Promise.resolve(pairs.map(([, p]) => p.length)));
 * const run = await score([{ id: "q", text: "?" }], new Map([["q", ["p"]]]));
 * assert.equal(run.get("q")!.get("p"), 6);
 * ```
 */
export function pairScorer(
  { corpus, prompt }: Pick<Task, "corpus" | "prompt">,
  score: ScoreTexts,
  { prompts = "none" }: { prompts?: "task" | "none" } = {},
): ScoreFunction {
  const known = new Map<string, Map<string, number>>();
  const textOf = (query: Query, id: string) => {
    const passage = corpus.get(id);
    if (!passage) {
      throw new RangeError(
        `Cannot score query "${query.id}": its passages must be in the corpus: got "${id}"`,
      );
    }
    return [
      queryText(prompts === "task" ? prompt : "", query.text),
      passageText(passage),
    ] as const;
  };
  return async (queries, passages) => {
    const open = queries.flatMap((query) => {
      const scored = known.get(query.id) ?? new Map<string, number>();
      known.set(query.id, scored);
      return [...new Set(passages.get(query.id))]
        .filter((id) => !scored.has(id))
        .map((id) => ({ query, id, scored }));
    });
    const scores = await score(open.map(({ query, id }) => textOf(query, id)));
    open.forEach(({ id, scored }, i) => scored.set(id, scores[i]!));
    return new Map(
      queries.map(({ id }) => [
        id,
        new Map(
          (passages.get(id) ?? []).map((
            passage,
          ) => [passage, known.get(id)!.get(passage)!]),
        ),
      ]),
    ) as Run;
  };
}
