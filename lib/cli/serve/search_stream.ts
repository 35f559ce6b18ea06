import type { Passage, Task } from "../../data/mod.ts";
import type { Column } from "./columns.ts";
import { type AskedQuery, relevantPassages } from "./task_view.ts";

/** Hits shown in a column. */
const SHOWN = 10;

/** How deep a relevant passage is looked for. */
const DEPTH = 100;

/** Letters of a passage that are sent; few are longer. */
const MOST_TEXT = 4000;

/** Relevant passages whose ranks are told. */
const MOST_RELEVANT = 20;

/** Between two messages about progress, in ms. */
const PAUSE = 200;

/** What a search needs beside query and column. */
export interface SearchStreamOptions {
  /** Ends the work when the server stops. */
  signal?: AbortSignal | undefined;
  /** Told of what went wrong; the reader gets one line of it. */
  onFault?: (error: unknown) => void;
}

/**
 * A search as lines of JSON: `{done, total}` while passages are encoded, at last
 * `{hits, relevant, depth}` or `{error}`. A relevant passage that isn't found has no
 * rank: it is below the depth, or nowhere if there is none.
 */
export function searchStream(
  column: Column,
  { task, query }: { task: Task; query: AskedQuery },
  { signal, onFault }: SearchStreamOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let gone = false;
  return new ReadableStream({
    async start(controller) {
      const send = (message: object) => {
        if (gone) return;
        controller.enqueue(encoder.encode(`${JSON.stringify(message)}\n`));
      };
      const onProgress = throttled((done, total) => send({ done, total }));
      try {
        const hits = await column.search(task, query.text, {
          k: DEPTH,
          signal,
          onProgress,
        });
        send(found(task, query, hits));
      } catch (error) {
        if (!signal?.aborted) onFault?.(error);
        send({ error: error instanceof Error ? error.message : `${error}` });
      }
      if (!gone) controller.close();
    },
    // The work goes on: its vectors serve the next search.
    cancel() {
      gone = true;
    },
  });
}

function throttled(
  tell: (done: number, total: number) => void,
): (done: number, total: number) => void {
  let last = -Infinity;
  return (done, total) => {
    if (done < total && performance.now() - last < PAUSE) return;
    last = performance.now();
    tell(done, total);
  };
}

function found(
  task: Task,
  query: AskedQuery,
  hits: readonly { id: string; score: number }[],
): object {
  const ranks = new Map(hits.map(({ id }, i) => [id, i + 1]));
  return {
    // BM25 finds no more than what shares a word.
    depth: hits.length < DEPTH ? null : DEPTH,
    hits: hits.slice(0, SHOWN).map(({ id, score }) => ({
      ...shown(task.corpus.get(id)!),
      score,
      grade: query.grades.get(id) ?? null,
    })),
    relevant: relevantPassages(task, query).slice(0, MOST_RELEVANT)
      .map(({ passage, grade }) => ({
        ...shown(passage),
        grade,
        rank: ranks.get(passage.id) ?? null,
      })),
  };
}

function shown({ id, title, text }: Passage) {
  return {
    id,
    title: title ?? "",
    text: text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text,
  };
}
