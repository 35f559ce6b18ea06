import type { Task } from "../../data/mod.ts";
import type {
  Hit,
  Searcher,
  SearchOptions,
} from "../../experiment/retriever/searcher.ts";
import type { OpenModelOptions } from "../../experiment/retriever/open_model.ts";
import { line } from "../../base/printable.ts";
import type { VectorDatabase } from "../../search/mod.ts";
import { openDense } from "../search/open_dense.ts";
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
export async function openColumns(
  { arms }: ServedRun,
  { database, ...options }:
    & Pick<
      OpenModelOptions,
      | "backend"
      | "cache"
      | "computeType"
      | "precision"
      | "rescore"
      | "rescoreBy"
    >
    & { database?: VectorDatabase | undefined },
  io: CommandIo,
): Promise<Columns> {
  const { bm25Searcher } = await import(
    "../../experiment/retriever/bm25_searcher.ts"
  );
  const { denseSearcher } = await import(
    "../../experiment/retriever/dense_searcher.ts"
  );
  const { oneAfterTheOther } = await import(
    "../../experiment/retriever/in_turn.ts"
  );
  const inTurn = oneAfterTheOther();
  const searchers: Searcher[] = [];
  const column = (name: string, label: string, searcher: Searcher): Column => {
    searchers.push(searcher);
    return {
      name,
      label,
      // Two that encode at the same time would only take each other's memory.
      search: (task, text, options) =>
        inTurn(async () => {
          const [hits] = await searcher.search(task, [text], options);
          return hits!;
        }),
    };
  };
  const dense = arms.map(({ name, label, folder, encoding }) =>
    column(
      name,
      label,
      denseSearcher(() => {
        const store = database && {
          database,
          onMissing: (task: string) =>
            io.note(
              line`the store has no vectors of ${task} by ${label}: encoding its passages`,
            ),
        };
        return openDense(folder, { ...encoding, ...options, store }, io);
      }),
    )
  );
  return {
    all: [...dense, column("bm25", "BM25", bm25Searcher())],
    [Symbol.dispose]() {
      for (const searcher of searchers) searcher[Symbol.dispose]();
    },
  };
}
