import assert from "node:assert/strict";
import { denseSearcher } from "../../../lib/experiment/retriever/dense_searcher.ts";
import type { DenseModel } from "../../../lib/experiment/retriever/open_model.ts";
import { storeTable } from "../../../lib/experiment/retriever/store_table.ts";
import type { VectorDatabase } from "../../../lib/search/mod.ts";
import {
  type StoredVector,
  vectorStore,
} from "../../../lib/search/stores/vector_store.ts";
import { toySuite } from "../../_toy_suite.ts";

/** A database in memory, its tables by name. */
function inMemory(tables: Map<string, Map<string, Float32Array>>) {
  const database: VectorDatabase = {
    table({ table = "passages", create = true } = {}) {
      const rows = tables.get(table) ?? new Map<string, Float32Array>();
      if (!tables.has(table) && !create) {
        return Promise.reject(new Deno.errors.NotFound(table));
      }
      tables.set(table, rows);
      const all = (): StoredVector[] =>
        [...rows].map(([id, vector]) => ({ id, vector }));
      return Promise.resolve(vectorStore({
        dimension: () => Promise.resolve(all()[0]?.vector.length),
        put(added) {
          for (const { id, vector } of added) rows.set(id, vector);
          return Promise.resolve();
        },
        missing: (ids) => Promise.resolve(ids.filter((id) => !rows.has(id))),
        nearest: (_, { limit }) => Promise.resolve(all().slice(0, limit)),
        buildIndex: () => Promise.resolve(),
        count: () => Promise.resolve(rows.size),
        delete: () => Promise.resolve(),
        close: () => Promise.resolve(),
      }));
    },
    close: () => Promise.resolve(),
  };
  return database;
}

/** Letters a to e of a text, and how many were encoded. */
function model(store?: DenseModel["store"]) {
  const encoded: string[] = [];
  const made = {
    store,
    source: () => Promise.resolve("letters"),
    prepare: undefined,
    encode(texts: readonly string[], { kind }: { kind?: string } = {}) {
      if (kind !== "query") encoded.push(...texts);
      const data = Float32Array.from(
        texts.flatMap((text) =>
          [..."abcde"].map((letter) => text.split(letter).length - 1)
        ),
      );
      return Promise.resolve({ data, count: texts.length, dimension: 5 });
    },
    [Symbol.dispose]() {},
  } as unknown as DenseModel;
  return { model: made, encoded };
}

Deno.test("a searcher takes vectors from a database, where all of a task's are there", async () => {
  const task = toySuite().tasks[1]!;
  const search = async (from: DenseModel) => {
    using searcher = denseSearcher(() => Promise.resolve(from));
    return await searcher.search(task, ["a bad cab"], { k: 4 });
  };
  const plain = model();
  const hits = await search(plain.model);
  assert.equal(plain.encoded.length, task.corpus.size);

  const tables = new Map<string, Map<string, Float32Array>>();
  const missing: string[] = [];
  const database = inMemory(tables);
  const onMissing = (name: string) => missing.push(name);
  const empty = model({ database, onMissing });
  assert.deepEqual(await search(empty.model), hits);
  assert.deepEqual(missing, ["weights"]);
  assert.equal(empty.encoded.length, task.corpus.size);

  // As an interrupted `tdro embed` leaves it, then whole.
  const store = await database.table({ table: storeTable(task, "letters") });
  const passages = [...task.corpus.values()];
  for (const part of [passages.slice(0, 7), passages]) {
    const embeddings = await plain.model.encode(part.map(({ text }) => text));
    await store.put({ ids: part.map(({ id }) => id), embeddings });
    const from = model({ database, onMissing });
    assert.deepEqual(await search(from.model), hits);
    const whole = part.length === passages.length;
    assert.equal(from.encoded.length, whole ? 0 : passages.length);
  }
  assert.deepEqual(missing, ["weights", "weights"]);
});

Deno.test("other passages, or another model, have a table of their own", () => {
  const [task, other] = [toySuite().tasks[0]!, toySuite().tasks[0]!];
  const name = storeTable(task, "a");
  assert.match(name, /^shades_[0-9a-f]{16}$/);
  assert.equal(storeTable(other, "a"), name);
  assert.notEqual(storeTable(task, "b"), name);
  other.corpus.values().next().value!.text += "!";
  assert.notEqual(storeTable(other, "a"), name);
  const long = storeTable({ ...task, name: `${"É/".repeat(60)}"` }, "a");
  assert.match(long, /^[a-z0-9_]{1,63}$/);
});
