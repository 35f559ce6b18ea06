import type { Task } from "../../data/mod.ts";

/** A passage that was found. */
export interface Hit {
  /** Its id in the task's corpus. */
  id: string;
  /** Its score; which scale depends on what found it. */
  score: number;
}

/** What a search needs beside the texts. */
export interface SearchOptions {
  /** Passages wanted. */
  k: number;
  /** Stops the work at the next batch of texts. */
  signal?: AbortSignal;
  /** Told of the passages that were encoded, where they have to be first. */
  onProgress?: (done: number, total: number) => void;
}

/** What is searched: a task, or as much of one as a search needs. */
export type SearchedTask = Pick<Task, "name" | "prompt" | "corpus">;

/** Finds passages of a suite's tasks, best first; what a task needs is made at first use. */
export interface Searcher extends Disposable {
  /**
   * Searches a task's whole corpus.
   *
   * @param task The task; its index is kept for as long as its corpus is the same.
   * @param texts What is looked for, without prompts.
   * @returns The hits of each text.
   */
  search(
    task: SearchedTask,
    texts: readonly string[],
    options: SearchOptions,
  ): Promise<Hit[][]>;
}

/** The hits of each query in a run, in the order of the ids. */
export function hitsOf(
  run: ReadonlyMap<string, ReadonlyMap<string, number>>,
  ids: readonly string[],
): Hit[][] {
  return ids.map((id) =>
    [...run.get(id) ?? []].map(([id, score]) => ({ id, score }))
  );
}
