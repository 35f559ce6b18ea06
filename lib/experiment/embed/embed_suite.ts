import { join } from "node:path";
import { z } from "zod";
import { readJsonIfThere, writeJson } from "../../base/files/json_file.ts";
import { makeFolder } from "../../base/files/make_folder.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { isStoreName, type StoreName } from "../../base/store_names.ts";
import type { Passage, Suite, Task } from "../../data/mod.ts";
import { passageVectors } from "../../eval/mod.ts";
import {
  type EmbeddedTexts,
  embedPassages,
  hashPassages,
  openVectorDatabase,
  parseShard,
  type Shard,
  shardRange,
  type VectorDatabase,
} from "../../search/mod.ts";
import type { DenseModel } from "../retriever/open_model.ts";
import { storeTable } from "../retriever/store_table.ts";
import { otherVectors } from "../retriever/vectors_of.ts";
import { type VectorForm, writeVectorFile } from "./vector_files.ts";
import {
  findVectorParts,
  hasVectorPart,
  readVectorParts,
  type VectorPart,
  vectorPartFolder,
  writeVectorPart,
} from "./vector_parts.ts";

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
  /**
   * Which part of the work, as in `"2/8"`. Into files: the part's vectors go to
   * `parts/2-of-8` in the folder, and the same call without this takes them. Into a
   * database: they are put there, and the same call without this looks that all are.
   * @default {all}
   */
  shard?: string | undefined;
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
  const { to, out, shard } = options;
  const { chunk = 1024 } = options;
  const done: EmbeddedTask[] = [];
  const shares = sharesOf(suite, shard, chunk);
  if (!isStoreName(to)) {
    for (const [task, range] of shares) {
      done.push(
        yield* shard === undefined
          ? intoFile(task, { ...options, chunk, to })
          : intoPart(task, { ...options, chunk, shard, range }),
      );
    }
    return done;
  }
  const database = await openVectorDatabase(to, out);
  try {
    for (const [task, range] of shares) {
      done.push(yield* intoStore(task, { ...options, chunk, database, range }));
    }
  } finally {
    await database.close();
  }
  return done;
}

/**
 * The tasks of a part, each with its first passage and one past the last: whole
 * chunks, as a text's vector depends in its last bits on those encoded along with it.
 */
function sharesOf(
  { tasks }: Suite,
  shard: string | undefined,
  chunk: number,
): [Task, [number, number]][] {
  const part: Shard = parseShard(shard ?? "1/1");
  const counts = tasks.map(({ corpus }) => Math.ceil(corpus.size / chunk));
  const [first, end] = shardRange(counts.reduce((a, b) => a + b, 0), part);
  let start = 0;
  const shares = tasks.map((task, k): [Task, [number, number]] => {
    const from = Math.max(0, first - start) * chunk;
    const to = Math.min(Math.max(0, end - start) * chunk, task.corpus.size);
    start += counts[k]!;
    return [task, [from, to]];
  });
  // A task without passages has no chunk; all in one go, it has a file.
  return shares.filter(([, [from, to]]) => shard === undefined || from < to);
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
  { model, to, out, force, chunk, signal }: EmbedSuiteOptions & {
    to: VectorForm;
    chunk: number;
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
      `Cannot write ${path}: it holds vectors ${
        before.source === source
          ? "of other passages"
          : otherVectors(before.source, source)
      }; choose another folder with --out, or replace it with --force`,
    );
  }
  await makeFolder(out);
  const parts = await findVectorParts(out, task.name, {
    source,
    passages,
    chunk,
  });
  let encoded = corpus.length;
  const vectors = parts.length === 0
    ? passageVectors(model.encode, { name: task.name, corpus }, {
      cache: model.cache,
      chunk,
      signal,
    })
    : partVectors(corpus, {
      model,
      chunk,
      signal,
      parts,
      onTaken: (count) => encoded -= count,
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
  return { ...row, encoded, dimension };
}

/** Vectors in chunks: from the parts that have one, else encoded. */
async function* partVectors(
  corpus: readonly Passage[],
  { model, chunk, signal, parts, onTaken }:
    & Pick<EmbedSuiteOptions, "model" | "signal">
    & {
      chunk: number;
      parts: readonly VectorPart[];
      onTaken: (count: number) => void;
    },
): AsyncGenerator<EmbeddedTexts> {
  for (let first = 0; first < corpus.length; first += chunk) {
    signal?.throwIfAborted();
    const passages = corpus.slice(first, first + chunk);
    const ids = passages.map(({ id }) => id);
    const taken = await readVectorParts(parts, first, ids);
    if (taken) {
      onTaken(ids.length);
      yield taken;
    } else {
      yield* embedPassages(model.encode, passages, { chunk, signal });
    }
  }
}

/** One part's vectors of a task, for the call that puts all together. */
async function* intoPart(
  task: Task,
  { model, out, chunk, signal, shard, range: [first, end] }:
    & EmbedSuiteOptions
    & { chunk: number; shard: string; range: [number, number] },
): AsyncGenerator<ProgressEvent, EmbeddedTask> {
  const corpus = [...task.corpus.values()];
  const folder = vectorPartFolder(out, parseShard(shard));
  const [total, passages] = [end - first, hashPassages(corpus)];
  const of = { source: await model.source(), passages, chunk };
  const event = {
    stage: `embed ${task.name}`,
    label: `embedding ${task.name}, part ${shard}`,
    total,
  };
  const row = { task: task.name, passages: total, place: folder };
  const before = await hasVectorPart(folder, task.name, {
    ...of,
    first,
    count: total,
  });
  if (before !== undefined) {
    yield { ...event, label: `${event.label}: embedded before`, done: total };
    return { ...row, encoded: 0, dimension: before };
  }
  await makeFolder(folder);
  const steps = new Steps();
  const vectors = embedPassages(model.encode, corpus.slice(first, end), {
    chunk,
    signal,
  });
  const work = writeVectorPart(
    { folder, task: task.name },
    steps.through(vectors),
    { ...of, first, count: total },
  );
  yield { ...event, done: 0 };
  for await (const done of steps.until(work)) yield { ...event, done };
  return { ...row, encoded: total, dimension: await work };
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
  { model, database, index, chunk, signal, range: [first, end] }:
    & EmbedSuiteOptions
    & { database: VectorDatabase; chunk: number; range: [number, number] },
): AsyncGenerator<ProgressEvent, EmbeddedTask> {
  const source = await model.source();
  const corpus = [...task.corpus.values()];
  const table = storeTable(task, source);
  const event = {
    stage: `embed ${task.name}`,
    label: `embedding ${task.name}`,
    total: end - first,
  };
  yield { ...event, done: 0 };
  const store = await database.table({ table, source });
  let encoded = 0;
  let dimension = 0;
  try {
    for (let at = first; at < end; at += chunk) {
      const part = corpus.slice(at, Math.min(at + chunk, end));
      const missing = new Set(await store.missing(part.map(({ id }) => id)));
      const left = part.filter(({ id }) => missing.has(id));
      for await (
        const vectors of embedPassages(model.encode, left, { signal })
      ) {
        await store.put(vectors);
        dimension = vectors.embeddings.dimension;
      }
      encoded += left.length;
      yield { ...event, done: at + part.length - first };
      signal?.throwIfAborted();
    }
    if (index) await store.buildIndex();
  } finally {
    await store.close();
  }
  return {
    task: task.name,
    passages: end - first,
    encoded,
    dimension,
    place: table,
  };
}
