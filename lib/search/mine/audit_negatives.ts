import type { Task } from "../../data/types.ts";
import type { DecisionRow } from "./decisions.ts";
import type { ScoreFunction } from "../types.ts";
import { passageText } from "../../base/texts/passage_text.ts";

/** Options for {@linkcode auditNegatives}. */
export interface AuditOptions {
  /** Scores pairs: a model stronger than the one that mined. */
  score: ScoreFunction;
  /**
   * A negative is suspicious from this share of the query's best positive's
   * score on; in (0, 1]. @default {0.95}
   */
  share?: number;
  /** Most pairs to give, the most suspicious ones. @default {Infinity} */
  limit?: number;
  /** Stops the work at the next batch of queries. */
  signal?: AbortSignal;
  /** Called after each batch with the number of queries done so far. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Finds negatives that a stronger model takes for answers: false negatives, in
 * all likelihood, that would teach a retriever the wrong thing. The rows are
 * for a person to decide on ({@linkcode formatDecisions} makes a file of
 * them), and mining honours what was decided.
 *
 * @param task The task.
 * @param negatives Query id → ids of its negatives.
 * @param options The model, and what is suspicious.
 * @returns The pairs, undecided, the most suspicious first: by how much the
 * score exceeds the positive's.
 * @throws {RangeError} If `share` is out of range, or a query or passage isn't
 * the task's.
 *
 * @example Usage
 * ```ts
 * import { auditNegatives } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const passage = (id: string, text: string) => [id, { id, text }] as const;
 * const task = {
 *   name: "emma", prompt: "", language: "en", kind: "faq", license: "MIT", source: "",
 *   corpus: new Map([passage("a", "Jane Austen"), passage("b", "Austen, Jane"), passage("c", "Brontë")]),
 *   queries: new Map([["q", { id: "q", text: "who wrote Emma?" }]]),
 *   qrels: { train: new Map([["q", new Map([["a", 1]])]]) },
 * };
 * const scores = new Map([["q", new Map([["a", 0.9], ["b", 0.88], ["c", 0.3]])]]);
 * const rows = await auditNegatives(task, new Map([["q", ["b", "c"]]]), {
 *   score: () => scores,
 * });
 * assert.deepEqual(rows.map((row) => row.passage), ["b"]);
 * ```
 */
export async function auditNegatives(
  task: Task,
  negatives: ReadonlyMap<string, readonly string[]>,
  options: AuditOptions,
): Promise<DecisionRow[]> {
  const { score, share = 0.95, limit = Infinity, signal, onProgress } = options;
  const cannot = `Cannot audit negatives of task "${task.name}"`;
  if (!(share > 0 && share <= 1)) {
    throw new RangeError(`${cannot}: share must be in (0, 1]: got ${share}`);
  }
  const ids = [...negatives.keys()];
  const rows: DecisionRow[] = [];
  for (let at = 0; at < ids.length; at += BATCH) {
    signal?.throwIfAborted();
    const queries = ids.slice(at, at + BATCH).map((id) => {
      const query = task.queries.get(id);
      if (query) return query;
      throw new RangeError(`${cannot}: it has no query "${id}"`);
    });
    const positives = new Map(
      queries.map(({ id }) => [id, positivesOf(task, id)]),
    );
    const scores = await score(
      queries,
      new Map(queries.map(({ id }) => [
        id,
        [...new Set([...positives.get(id)!, ...negatives.get(id)!])],
      ])),
    );
    for (const { id, text } of queries) {
      const of = scores.get(id) ?? new Map<string, number>();
      const ranked = [...positives.get(id)!].sort((a, b) =>
        (of.get(b) ?? -Infinity) - (of.get(a) ?? -Infinity)
      );
      const best = ranked[0] === undefined ? NaN : of.get(ranked[0]) ?? NaN;
      const bar = best - (1 - share) * Math.abs(best);
      for (const passage of new Set(negatives.get(id)!)) {
        const value = of.get(passage) ?? NaN;
        // Comparisons with NaN are false: nothing to compare with, no suspicion.
        if (!(value >= bar) || positives.get(id)!.has(passage)) continue;
        rows.push({
          decision: "",
          task: task.name,
          query: id,
          passage,
          score: value,
          positiveScore: best,
          queryText: text,
          positiveText: textOf(task, ranked[0]!, cannot),
          passageText: textOf(task, passage, cannot),
        });
      }
    }
    onProgress?.(Math.min(at + BATCH, ids.length), ids.length);
  }
  rows.sort((a, b) =>
    (b.score - b.positiveScore) - (a.score - a.positiveScore)
  );
  return rows.slice(0, limit);
}

const BATCH = 256;

function positivesOf(task: Task, query: string): Set<string> {
  const positives = new Set<string>();
  for (const qrels of Object.values(task.qrels)) {
    for (const [id, grade] of qrels.get(query) ?? []) {
      if (grade > 0) positives.add(id);
    }
  }
  return positives;
}

function textOf(task: Task, id: string, cannot: string): string {
  const passage = task.corpus.get(id);
  if (passage) return passageText(passage);
  throw new RangeError(`${cannot}: it has no passage "${id}"`);
}
