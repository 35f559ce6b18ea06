import type { Task } from "../../data/mod.ts";
import type { BackendName } from "../../backend/mod.ts";
import { bm25Searcher } from "../search/bm25_searcher.ts";
import { denseSearcher } from "../search/dense_searcher.ts";
import { openDense } from "../search/open_dense.ts";
import type { Hit, Searcher, SearchOptions } from "../search/searcher.ts";
import type { CommandIo } from "../io.ts";
import type { ServedRun } from "./served_run.ts";

/** What stands side by side on the page: a model, or BM25. */
export interface Column {
  /** Its name in addresses, and in the run's files if it is an arm. */
  name: string;
  /** What it is called on the page. */
  label: string;
  /** Finds passages. */
  search(task: Task, text: string, options: SearchOptions): Promise<Hit[]>;
}

/** The columns of a run's page; they hold models and vectors until disposed of. */
export interface Columns extends Disposable {
  /** The start, the arms, BM25. */
  all: Column[];
}

/** One column for each model of the run, and one for BM25. */
export function openColumns(
  { arms, encoding }: ServedRun,
  options: {
    suite: string;
    backend: BackendName | "auto";
    cache?: string | undefined;
  },
  io: CommandIo,
): Columns {
  const inTurn = oneAfterTheOther();
  const searchers: Searcher[] = [];
  const column = (name: string, label: string, searcher: Searcher): Column => {
    searchers.push(searcher);
    return {
      name,
      label,
      // Two that encode at the same time would only take each other's memory.
      search: (...args) => inTurn(() => searcher.search(...args)),
    };
  };
  const dense = arms.map(({ name, label, folder }) =>
    column(
      name,
      label,
      denseSearcher(() =>
        openDense({ model: folder, ...encoding, ...options }, io)
      ),
    )
  );
  return {
    all: [...dense, column("bm25", "BM25", bm25Searcher())],
    [Symbol.dispose]() {
      for (const searcher of searchers) searcher[Symbol.dispose]();
    },
  };
}

/** Starts each piece of work when the one before it has ended, well or not. */
function oneAfterTheOther(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
}
