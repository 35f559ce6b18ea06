import type { Run } from "../../data/mod.ts";
import type { EmbeddedTexts, VectorStore } from "../../search/mod.ts";
import type { DenseModel, PassageStore } from "./open_model.ts";
import type { SearchedTask } from "./searcher.ts";
import { storeTable } from "./store_table.ts";

/** Finds passages of a task by their vectors. */
export interface TaskIndex extends Disposable {
  /** The k best passages for each query. */
  search(queries: EmbeddedTexts, k: number): Promise<Run>;
}

/**
 * A task's passages in a database, where `tdro embed` has put all of them by this
 * model; otherwise nothing.
 */
export async function storedIndex(
  model: DenseModel,
  task: SearchedTask,
  { database, onMissing }: PassageStore,
): Promise<TaskIndex | undefined> {
  const table = storeTable(task, await model.source());
  let store: VectorStore;
  try {
    store = await database.table({ table, create: false });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    onMissing?.(task.name);
    return;
  }
  // Interrupted, it has some of them only.
  if (await store.count() < task.corpus.size) {
    await store.close();
    onMissing?.(task.name);
    return;
  }
  return {
    search: (queries, k) => store.search(queries, k),
    [Symbol.dispose]: () => void store.close(),
  };
}
