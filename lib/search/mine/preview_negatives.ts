import type { Task } from "../../data/types.ts";
import type { MinedNegatives } from "./mine_options.ts";

/** A passage of the preview; the first of each query is its best positive. */
export interface PreviewRow {
  /** Text of the query. */
  query: string;
  /** Which kind of passage. */
  kind: "positive" | "hard negative" | "random negative";
  /** Rank in what was retrieved, from 1; null for others. */
  rank: number | null;
  /** Score by which it was filtered; null where there is none. */
  score: number | null;
  /** The passage. */
  passage: string;
}

/**
 * A look at mined negatives before anything is trained on them: some queries,
 * evenly through the task, with a positive and their negatives, as rows for a
 * table.
 *
 * @param task The task.
 * @param mined Its negatives.
 * @param options `queries`: how many to show; `length`: longest text, in
 * UTF-16 units.
 * @returns The rows, query by query.
 *
 * @example Usage
 * ```ts
 * import { mineHardNegatives, previewNegatives } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const passage = (id: string, text: string) => [id, { id, text }] as const;
 * const task = {
 *   name: "lights", prompt: "", language: "en", kind: "faq", license: "MIT", source: "",
 *   corpus: new Map([
 *     passage("a", "The harbor lighthouse was built in 1874"),
 *     passage("b", "The lighthouse keeper slept"),
 *   ]),
 *   queries: new Map([["q", { id: "q", text: "when was the lighthouse built" }]]),
 *   qrels: { train: new Map([["q", new Map([["a", 1]])]]) },
 * };
 * const mined = await mineHardNegatives(task, { rng: { int: () => 0 }, count: 1 });
 * const rows = previewNegatives(task, mined);
 * assert.deepEqual(rows.map((row) => row.kind), ["positive", "hard negative"]);
 * assert.equal(rows[1]!.rank, 2);
 * ```
 */
export function previewNegatives(
  task: Task,
  { details }: Pick<MinedNegatives, "details">,
  { queries = 3, length = 80 }: { queries?: number; length?: number } = {},
): PreviewRow[] {
  const all = [...details];
  const shown = Math.min(queries, all.length);
  const rows: PreviewRow[] = [];
  for (let i = 0; i < shown; i++) {
    const [id, mined] = all[Math.floor(i * all.length / shown)]!;
    const query = short(task.queries.get(id)?.text ?? id, length);
    const text = (passage: string) => {
      const found = task.corpus.get(passage);
      return short(
        [found?.title, found?.text].filter(Boolean).join(": "),
        length,
      );
    };
    const positive = anyPositive(task, id);
    if (positive !== undefined) {
      rows.push({
        query,
        kind: "positive",
        rank: null,
        score: finite(mined.positive),
        passage: text(positive),
      });
    }
    for (const { id: passage, rank, score } of mined.negatives) {
      rows.push({
        query,
        kind: rank > 0 ? "hard negative" : "random negative",
        rank: rank > 0 ? rank : null,
        score: finite(score),
        passage: text(passage),
      });
    }
  }
  return rows;
}

function anyPositive(task: Task, query: string): string | undefined {
  for (const qrels of Object.values(task.qrels)) {
    for (const [id, grade] of qrels.get(query) ?? []) if (grade > 0) return id;
  }
}

function finite(score: number): number | null {
  return Number.isFinite(score) ? score : null;
}

function short(text: string, length: number): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > length ? `${flat.slice(0, length - 1)}…` : flat;
}
