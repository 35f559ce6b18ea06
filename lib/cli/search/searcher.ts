import type { Task } from "../../data/mod.ts";

/** A passage that was found. */
export interface Hit {
  /** Its id in the task's corpus. */
  id: string;
  /** Its score; which scale depends on what found it. */
  score: number;
}

/** What a search needs beside the text. */
export interface SearchOptions {
  /** Passages wanted. */
  k: number;
  /** Stops the work at the next batch of texts. */
  signal?: AbortSignal;
  /** Told of the passages that were encoded, where they have to be first. */
  onProgress?: (done: number, total: number) => void;
}

/** Finds passages of a suite's tasks, best first; what a task needs is made at first use. */
export interface Searcher extends Disposable {
  /**
   * Searches a task's whole corpus.
   *
   * @param task The task; known by its name.
   * @param text What is looked for, without prompt.
   */
  search(task: Task, text: string, options: SearchOptions): Promise<Hit[]>;
}
