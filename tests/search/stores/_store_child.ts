/**
 * Run by vector_store_test.ts: an engine in a process of its own, put to all that a
 * store promises. Arguments: its name, an address.
 */
import assert from "node:assert/strict";
import {
  type EmbeddedTexts,
  exactSearch,
  openVectorDatabase,
  openVectorStore,
  type StoreName,
} from "../../../lib/search/mod.ts";
import { randomEmbeddings } from "../_reference.ts";

const [engine, address] = Deno.args as [StoreName, string];
const SIZE = 700;
const DIMENSION = 16;
const source = "a 'model', by \"us\"\\";
const open = (options = {}) =>
  openVectorStore(engine, address, { source, ...options });

/** Ids that databases stumble over. */
const ODD = [
  ...["", " ", "'", '"', "\\", "\\0000", "a\0b", "\ud800", "\udc00\ud800"],
  ...["'; drop table passages; --", "%", "_", "$1", "é", "e\u0301", "語", "🙂"],
  ...["\n", "x".repeat(20_000), "null", "__proto__", "[1,2]", "\u202e"],
];
const passages: EmbeddedTexts = {
  ids: Array.from({ length: SIZE }, (_, i) => ODD[i] ?? `p${i}`),
  embeddings: randomEmbeddings(SIZE, DIMENSION, 1),
};
// Many equal vectors: the cut goes by ids alone.
const { data } = passages.embeddings;
for (let row = 100; row < 160; row++) {
  data.copyWithin(row * DIMENSION, 100 * DIMENSION, 101 * DIMENSION);
}
function rows(from: number, to: number): EmbeddedTexts {
  return {
    ids: passages.ids.slice(from, to),
    embeddings: {
      data: data.slice(from * DIMENSION, to * DIMENSION),
      count: to - from,
      dimension: DIMENSION,
    },
  };
}
const queries = {
  ids: ["a", "b", "equal"],
  embeddings: randomEmbeddings(3, DIMENSION, 2),
};
// Nearest to the equal ones.
queries.embeddings.data.set(
  data.subarray(100 * DIMENSION, 101 * DIMENSION),
  2 * DIMENSION,
);
const truth = await exactSearch(queries, passages, { k: 10 });

await assert.rejects(open({ create: false }), { name: "NotFound" });
const first = await open();
assert.equal(await first.count(), 0);
assert.deepEqual([...(await first.search(queries, 5)).get("a")!], []);
await first.put(rows(0, 400));
await first.close();

// Interrupted: what is left is put in, and what is there may come again.
const store = await open();
assert.equal(await store.count(), 400);
const left = await store.missing(passages.ids);
assert.deepEqual(left, passages.ids.slice(400));
await store.put(rows(390, SIZE));
assert.equal(await store.count(), SIZE);

// Exact: ids, order and scores to the last bit.
assert.deepEqual(await store.search(queries, 10), truth);
const all = await exactSearch(queries, passages, { k: SIZE + 5 });
assert.deepEqual(await store.search(queries, SIZE + 5), all);

// By the index: scores are exact, and most of the best are found.
await store.buildIndex();
await store.buildIndex();
assert.deepEqual(await store.search(queries, 10), truth);
const near = await store.search(queries, 10, { exact: false, refine: 20 });
let found = 0;
for (const id of ["a", "b"]) {
  for (const [passage, score] of near.get(id)!) {
    assert.equal(score, all.get(id)!.get(passage));
    if (truth.get(id)!.has(passage)) found++;
  }
}
console.log(`recall@10 ${found / 20}`);
assert.ok(found >= 16, `${found} of 20`);

// An id again takes the other's place; a deleted one is gone.
const replaced = rows(1, 2);
replaced.embeddings.data.fill(0);
await store.put({
  ids: [...replaced.ids, ...replaced.ids],
  embeddings: {
    data: Float32Array.from([
      ...rows(0, 1).embeddings.data,
      ...replaced.embeddings.data,
    ]),
    count: 2,
    dimension: DIMENSION,
  },
});
assert.equal(await store.count(), SIZE);
const other = await store.search(queries, SIZE);
assert.equal(other.get("a")!.get(passages.ids[1]!), 0);
await store.delete([...ODD, "not there"]);
assert.equal(await store.count(), SIZE - ODD.length);
assert.deepEqual(await store.missing(ODD.slice(0, 3)), ODD.slice(0, 3));

// What doesn't fit.
const wrong = { ids: ["x"], embeddings: randomEmbeddings(1, 8, 1) };
await assert.rejects(store.put(wrong), /must have 16 numbers.*got 8/);
await assert.rejects(store.search(wrong, 1), /must have 16 numbers.*got 8/);
await assert.rejects(store.search(queries, 0), /at least 1: got 0/);
const bad = rows(0, 1);
bad.embeddings.data[3] = NaN;
await assert.rejects(store.put(bad), /must be finite: got NaN/);
await store.close();
await assert.rejects(open({ source: "another" }), /another model/);
const again = await openVectorStore(engine, address, { create: false });
assert.equal(await again.count(), SIZE - ODD.length);
await again.close();
for (const table of ["", "x".repeat(64), "x".repeat(256), "a\0b"]) {
  if (engine === "lance" && table.length >= 64) continue;
  if (engine === "milvus" && table.length === 64) continue;
  await assert.rejects(open({ table }), /names? (of tables )?must/);
}

// Tables of one database don't meet, and one process has a folder at a time.
const database = await openVectorDatabase(engine, address);
const [one, two] = [
  await database.table({ table: "one" }),
  await database.table({ table: "t_wo" }),
];
await one.put(rows(0, 3));
assert.deepEqual([await one.count(), await two.count()], [3, 0]);
// Several that make the same table at once all put their vectors in; but LanceDB in
// an object store, where there is no lock.
if (!address.startsWith("s3:")) {
  for (const table of ["race", "again", "thrice"]) {
    const race = () => database.table({ table });
    const all = await Promise.all(Array.from({ length: 6 }, race));
    await Promise.all(
      all.map((each, at) => each.put(rows(3 * at, 3 * at + 3))),
    );
    assert.equal(await (await race()).count(), 18);
  }
}
if (engine === "pgvector" && !address.includes("://")) {
  await assert.rejects(open(), /another process|has it/);
}
await database.close();
console.log("all is well");
