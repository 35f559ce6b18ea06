import type { Task } from "../../data/types.ts";
import { mineHardNegatives } from "./mine_hard_negatives.ts";

/** Options for {@linkcode bareQueries}. */
export interface BareQueriesOptions {
  /**
   * Largest corpus that is looked through. In a larger one random passages fill
   * up unless nearly all of it repeats the answers. @default {2000}
   */
  maxPassages?: number;
}

/**
 * Training queries that will get no hard negative by the rules of
 * {@linkcode mineHardNegatives}: no passage is judged 0 for them, and all others
 * answer them, read like an answer, or score too near one by BM25.
 *
 * @param task The task; its judgments may name passages that aren't there.
 * @param options Where not to look.
 * @returns Ids of the queries; none for a larger corpus.
 *
 * @example Usage
 * ```ts
 * import { bareQueries } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const task = {
 *   name: "toy", prompt: "", language: "en", kind: "faq", license: "MIT", source: "",
 *   corpus: new Map([["a", { id: "a", text: "At nine" }], ["b", { id: "b", text: "at nine!" }]]),
 *   queries: new Map([["q", { id: "q", text: "opening hours" }]]),
 *   qrels: { train: new Map([["q", new Map([["a", 1]])]]) },
 * };
 * assert.deepEqual(await bareQueries(task), ["q"]);
 * ```
 */
export async function bareQueries(
  task: Task,
  { maxPassages = 2000 }: BareQueriesOptions = {},
): Promise<string[]> {
  const { train } = task.qrels;
  if (!train?.size || task.corpus.size > maxPassages) return [];
  // Whether there is one at all doesn't depend on chance.
  const rng = { int: () => 0 };
  const { negatives } = await mineHardNegatives(task, { rng, count: 1 });
  return [...negatives].flatMap(([query, found]) => {
    const judged = [...train.get(query)!].some(([id, grade]) =>
      grade <= 0 && task.corpus.has(id)
    );
    return found.length > 0 || judged ? [] : [query];
  });
}
