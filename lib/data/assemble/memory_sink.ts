import { type Passage, type Query, SPLITS, type Task } from "../types.ts";
import { type BuiltTask, qrelsOf } from "./built_task.ts";
import type { Negative, TaskSink } from "./task_sink.ts";

/** Keeps the texts of a task in memory. */
export class MemorySink implements TaskSink {
  readonly #queries = new Map<string, Query>();
  readonly #corpus = new Map<string, Passage>();
  #negatives: Negative[] = [];

  query(query: Query): void {
    this.#queries.set(query.id, query);
  }

  passage(passage: Passage): void {
    this.#corpus.set(passage.id, passage);
  }

  keep(negative: Negative): void {
    this.#negatives.push(negative);
  }

  kept(): Negative[] {
    const negatives = this.#negatives;
    this.#negatives = [];
    return negatives;
  }

  drain(): undefined {}

  /** The task. */
  task(built: BuiltTask): Task {
    const qrels = SPLITS.map((split) => [split, qrelsOf(built, split)] as const)
      .filter(([, { size }]) => size > 0);
    return {
      ...built.info,
      corpus: this.#corpus,
      queries: this.#queries,
      qrels: Object.fromEntries(qrels),
    };
  }
}
