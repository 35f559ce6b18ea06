import { bm25Retriever, type RetrieveFunction } from "../../search/mod.ts";
import { KEPT_TASKS } from "./dense_searcher.ts";
import { recent } from "./recent.ts";
import type { Searcher } from "./searcher.ts";

/** Finds passages by their words, as `tdro eval --bm25` does. */
export function bm25Searcher(): Searcher {
  const indexes = recent<RetrieveFunction>(KEPT_TASKS, () => {});
  return {
    async search(task, text, { k }) {
      const retrieve = await indexes.get(
        task.name,
        () => Promise.resolve(bm25Retriever(task)),
      );
      const run = await retrieve([{ id: "", text }], k);
      return [...run.get("")!].map(([id, score]) => ({ id, score }));
    },
    [Symbol.dispose]: () => indexes[Symbol.dispose](),
  };
}
