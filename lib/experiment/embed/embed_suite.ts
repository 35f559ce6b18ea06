import { join } from "node:path";
import { z } from "zod";
import { readJsonIfThere, writeJson } from "../../base/files/json_file.ts";
import { makeFolder } from "../../base/files/make_folder.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { isStoreName, type StoreName } from "../../base/store_names.ts";
import type { Suite, Task } from "../../data/mod.ts";
import { passageVectors } from "../../eval/mod.ts";
import {
  type EmbeddedTexts,
  embedPassages,
  hashPassages,
  openVectorDatabase,
  type VectorDatabase,
} from "../../search/mod.ts";
import type { DenseModel } from "../retriever/open_model.ts";
import { storeTable } from "../retriever/store_table.ts";
import { type VectorForm, writeVectorFile } from "./vector_files.ts";

/** Where vectors can go: files of a form, or a database. */
export type EmbedTarget = VectorForm | StoreName;

/** Options for {@linkcode embedSuite}. */
export interface EmbedSuiteOptions {
  /** The model, opened. */
  model: DenseModel;
  /** Files of this form, or this database. */
  to: EmbedTarget;
  /** Folder of the files, or address of the database. */
  out: string;
  /** Whether a database makes an index over each table. @default {false} */
  index?: boolean | undefined;
  /** Whether files made otherwise are replaced. @default {false} */
  force?: boolean | undefined;
  /** Passages encoded at a time. @default {1024} */
  chunk?: number;
  /** Stops the work at the next chunk. */
  signal?: AbortSignal | undefined;
}

/** What became of a task. */
export interface EmbeddedTask {
  /** Its name. */
  task: string;
  /** Passages. */
  passages: number;
  /** Passages that were encoded now; the others were there. */
  encoded: number;
  /** Length of the vectors. */
  dimension: number;
  /** File, or table of the database. */
  place: string;
}

/**
 * Encodes the passages of each task, and writes the vectors to files or into a
 * database. Interrupted, the same call goes on: with the first task whose file isn't
 * there, or the first passage that the database lacks.
 *
 * @param suite The tasks.
 * @param options The model, and where the vectors go.
 * @returns Progress; at the end what became of each task.
 * @throws {RangeError} If a file is there that was made otherwise, or a database
 * can't be opened.
 */
export async function* embedSuite(
  suite: Suite,
  options: EmbedSuiteOptions,
): AsyncGenerator<ProgressEvent, EmbeddedTask[]> {
  const { to, out } = options;
  const done: EmbeddedTask[] = [];
  if (!isStoreName(to)) {
    for (const task of suite.tasks) {
      done.push(yield* intoFile(task, { ...options, to }));
    }
    return done;
  }
  const database = await openVectorDatabase(to, out);
  try {
    for (const task of suite.tasks) {
      done.push(yield* intoStore(task, { ...options, database }));
    }
  } finally {
    await database.close();
  }
  return done;
}

/** What is noted beside a file of vectors. */
const recordSchema = z.object({
  format: z.literal("tdro-vectors/1"),
  source: z.string(),
  passages: z.string(),
  count: z.int().min(0),
  dimension: z.int().min(0),
});

async function* intoFile(
  task: Task,
  { model, to, out, force, chunk = 1024, signal }: EmbedSuiteOptions & {
    to: VectorForm;
  },
): AsyncGenerator<ProgressEvent, EmbeddedTask> {
  const source = await model.source();
  const corpus = [...task.corpus.values()];
  const path = join(out, `${task.name}.${to}`);
  const note = `${path}.json`;
  const passages = hashPassages(corpus);
  const before = await readJsonIfThere(note, recordSchema);
  const row = { task: task.name, passages: corpus.length, place: path };
  const event = {
    stage: `embed ${task.name}`,
    label: `embedding ${task.name}`,
  };
  if (before?.source === source && before.passages === passages) {
    const label = `${event.label}: embedded before`;
    yield { ...event, label, done: 1, total: 1 };
    return { ...row, encoded: 0, dimension: before.dimension };
  }
  if (before && !force) {
    throw new RangeError(
      `Cannot write ${path}: it holds vectors of another model or of other passages; choose another folder with --out, or replace it with --force`,
    );
  }
  await makeFolder(out);
  const vectors = passageVectors(model.encode, { name: task.name, corpus }, {
    cache: model.cache,
    chunk,
    signal,
  });
  const steps = new Steps();
  const work = writeVectorFile(path, steps.through(vectors), {
    form: to,
    count: corpus.length,
  });
  yield { ...event, done: 0, total: corpus.length };
  for await (const done of steps.until(work)) {
    yield { ...event, done, total: corpus.length };
  }
  const dimension = await work;
  await writeJson(note, {
    format: "tdro-vectors/1",
    source,
    passages,
    count: corpus.length,
    dimension,
  });
  return { ...row, encoded: corpus.length, dimension };
}

/** Counts what passes through, for another loop to see. */
class Steps {
  #done = 0;
  #next = Promise.withResolvers<void>();

  async *through(
    chunks: AsyncIterable<EmbeddedTexts>,
  ): AsyncGenerator<EmbeddedTexts> {
    for await (const chunk of chunks) {
      yield chunk;
      this.#done += chunk.ids.length;
      this.#next.resolve();
      this.#next = Promise.withResolvers<void>();
    }
  }

  /** The counts, until the work is done. */
  async *until(work: Promise<unknown>): AsyncGenerator<number> {
    const end = work.then(() => true, () => true);
    while (!await Promise.race([end, this.#next.promise.then(() => false)])) {
      yield this.#done;
    }
  }
}

async function* intoStore(
  task: Task,
  { model, database, index, chunk = 1024, signal }:
    & EmbedSuiteOptions
    & { database: VectorDatabase },
): AsyncGenerator<ProgressEvent, EmbeddedTask> {
  const source = await model.source();
  const corpus = [...task.corpus.values()];
  const table = storeTable(task, source);
  const event = {
    stage: `embed ${task.name}`,
    label: `embedding ${task.name}`,
    total: corpus.length,
  };
  yield { ...event, done: 0 };
  const store = await database.table({ table, source });
  let encoded = 0;
  let dimension = 0;
  try {
    for (let at = 0; at < corpus.length; at += chunk) {
      const part = corpus.slice(at, at + chunk);
      const missing = new Set(await store.missing(part.map(({ id }) => id)));
      const left = part.filter(({ id }) => missing.has(id));
      for await (
        const vectors of embedPassages(model.encode, left, { signal })
      ) {
        await store.put(vectors);
        dimension = vectors.embeddings.dimension;
      }
      encoded += left.length;
      yield { ...event, done: at + part.length };
      signal?.throwIfAborted();
    }
    if (index) await store.buildIndex();
  } finally {
    await store.close();
  }
  return {
    task: task.name,
    passages: corpus.length,
    encoded,
    dimension,
    place: table,
  };
}
