import type { Passage } from "../../data/mod.ts";
import { bm25Retriever, type RetrieveFunction } from "../../search/mod.ts";
import { KEPT_TASKS } from "./dense_searcher.ts";
import { recent } from "./recent.ts";
import { hitsOf, type Searcher } from "./searcher.ts";

/** Finds passages by their words, as `tdro eval --bm25` does. */
export function bm25Searcher(): Searcher {
  const indexes = recent<ReadonlyMap<string, Passage>, RetrieveFunction>(
    KEPT_TASKS,
    () => {},
  );
  return {
    async search({ corpus }, texts, { k }) {
      const retrieve = await indexes.get(
        corpus,
        () => Promise.resolve(bm25Retriever({ corpus })),
      );
      const queries = texts.map((text, i) => ({ id: `${i}`, text }));
      const run = await retrieve(queries, k);
      return hitsOf(run, queries.map(({ id }) => id));
    },
    [Symbol.dispose]: () => indexes[Symbol.dispose](),
  };
}
