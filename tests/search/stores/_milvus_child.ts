/** Run by vector_store_test.ts: what only Milvus does. Argument: its address. */
import assert from "node:assert/strict";
import {
  exactSearch,
  openVectorDatabase,
  openVectorStore,
} from "../../../lib/search/mod.ts";
import { openMilvus } from "../../../lib/search/stores/milvus_client.ts";
import { randomEmbeddings } from "../_reference.ts";

const address = Deno.args[0]!;
const client = await openMilvus(address);
const database = await openVectorDatabase("milvus", address);

// A collection of somebody else isn't taken for ours.
await client.call("createCollection", {
  collection_name: "theirs",
  fields: [
    { name: "key", data_type: "Int64", is_primary_key: true },
    { name: "vector", data_type: "FloatVector", dim: 4 },
  ],
});
await assert.rejects(database.table({ table: "theirs" }), {
  name: "RangeError",
  message:
    'Cannot open the store: table "theirs" must have the fields key, id and vector, as tdro embed makes it; name another table',
});

// More than an answer may hold: 16,384 rows.
const COUNT = 16_500;
const DIMENSION = 4;
const ids = Array.from({ length: COUNT }, (_, at) => `p${at}`);
const embeddings = randomEmbeddings(COUNT, DIMENSION, 3);
const queries = { ids: ["q"], embeddings: randomEmbeddings(1, DIMENSION, 4) };
const wide = await database.table({ table: "wide" });
await wide.put({ ids, embeddings });
const k = 16_400;
assert.deepEqual(
  await wide.search(queries, k),
  await exactSearch(queries, { ids, embeddings }, { k }),
);

// Killed while the index was being changed, the vectors are still found; and so
// they are where somebody made another index, which compares only some.
const few = { ids: ids.slice(0, 600), embeddings: randomEmbeddings(600, 8, 5) };
const ask = { ids: ["q"], embeddings: randomEmbeddings(1, 8, 6) };
const truth = await exactSearch(ask, few, { k: 20 });
const table = "few";
await (await database.table({ table })).put(few);
const change = { collection_name: table };
await client.call("releaseCollection", change);
await client.call("dropIndex", { ...change, field_name: "vector" });
const after = await database.table({ table });
assert.deepEqual(await after.search(ask, 20), truth);
await client.call("releaseCollection", change);
await client.call("dropIndex", { ...change, field_name: "vector" });
await client.call("createIndex", {
  ...change,
  field_name: "vector",
  metric_type: "IP",
  index_type: "HNSW",
  params: { M: 4, efConstruction: 8 },
});
assert.deepEqual(
  await (await database.table({ table })).search(ask, 20),
  truth,
);

// An id that is too long is said to be, and nothing is put in.
const long = { ids: ["x".repeat(70_000)], embeddings: ask.embeddings };
await assert.rejects(after.put(long), /an id must have at most 65535 bytes/);

// What is no address, and where nobody listens.
const open = (place: string) => openVectorStore("milvus", place);
await assert.rejects(open("my/folder"), /must be as http:.*got another/);
await assert.rejects(open("http://me:secret@127.0.0.1"), (error: Error) => {
  assert.match(error.message, /must hold no password/);
  return !error.message.includes("secret");
});
await assert.rejects(open("http://127.0.0.1:9"), {
  name: "RangeError",
  message:
    "Cannot open the store: a server of Milvus must answer at the address: connect ECONNREFUSED 127.0.0.1:9; start it, or see MILVUS_TOKEN in docs/environment.md",
});
Deno.env.set("MILVUS_TOKEN", "secret");
await assert.rejects(
  open("http://milvus.example:19530"),
  /MILVUS_TOKEN goes over https or to this machine alone/,
);
await database.close();
await client.close();
