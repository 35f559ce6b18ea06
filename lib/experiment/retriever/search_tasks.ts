import type { Passage, Run, Task } from "../../data/mod.ts";
import { bm25Retriever, fuseRuns } from "../../search/mod.ts";
import type { Searcher, SearchOptions } from "./searcher.ts";

/** A passage that was found in one of several tasks. */
export interface TaskHit {
  /** The task that has it. */
  task: Task;
  /** The passage. */
  passage: Passage;
  /** Its score. */
  score: number;
}

/** What searches several tasks. */
export interface SearchTasksOptions extends SearchOptions {
  /** A model; each task's queries have their own prompt. */
  dense?: Searcher | undefined;
  /** Whether words count: alone, or fused with the model by reciprocal rank. */
  bm25: boolean;
  /** Passages that each of the two finds before they are fused. */
  fuseDepth: number;
}

/** A task's place, and the passage in it. */
interface Place {
  task: Task;
  passage: Passage;
}

/**
 * Finds the best passages of several tasks together. For BM25 their corpora are
 * one, as scores of different corpora can't be compared.
 *
 * @param tasks The tasks, at least one.
 * @param text What is looked for.
 * @param options What finds, and how many.
 * @returns The hits, best first.
 */
export async function searchTasks(
  tasks: readonly Task[],
  text: string,
  { dense, bm25, fuseDepth, ...options }: SearchTasksOptions,
): Promise<TaskHit[]> {
  // Ids may come in several tasks: a passage is known by its task's number too.
  const places = new Map<string, Place>(
    tasks.flatMap((task, t) =>
      [...task.corpus.values()].map((passage): [string, Place] => [
        `${t} ${passage.id}`,
        { task, passage },
      ])
    ),
  );
  const both = dense !== undefined && bm25;
  const k = both ? Math.max(options.k, fuseDepth) : options.k;
  const runs: Run[] = [];
  if (dense) {
    runs.push(await denseRun(tasks, text, { dense, ...options, k }));
  }
  if (bm25) {
    const corpus = new Map(
      [...places].map(([id, { passage }]) => [id, { ...passage, id }]),
    );
    runs.push(await bm25Retriever({ corpus })([{ id: "", text }], k));
  }
  const [found] = both ? [fuseRuns(runs, { k: options.k })] : runs;
  return best(found!.get("")!, options.k)
    .map(([id, score]) => ({ ...places.get(id)!, score }));
}

async function denseRun(
  tasks: readonly Task[],
  text: string,
  { dense, k, signal, onProgress }: SearchOptions & { dense: Searcher },
): Promise<Run> {
  const total = tasks.reduce((sum, { corpus }) => sum + corpus.size, 0);
  const scores = new Map<string, number>();
  let before = 0;
  for (const [t, task] of tasks.entries()) {
    const [hits] = await dense.search(task, [text], {
      k,
      signal,
      onProgress: (done) => onProgress?.(before + done, total),
    });
    for (const { id, score } of hits!) scores.set(`${t} ${id}`, score);
    before += task.corpus.size;
  }
  return new Map([["", new Map(best(scores, k))]]);
}

/** The largest scores; equal ones stay in their order. */
function best(
  scores: ReadonlyMap<string, number>,
  k: number,
): [string, number][] {
  return [...scores].sort(([, a], [, b]) => b - a).slice(0, k);
}
