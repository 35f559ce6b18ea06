/** Run by lance_index_test.ts: the engine in a process of its own. */
import assert from "node:assert/strict";
import {
  createLanceIndex,
  exactSearch,
  openLanceIndex,
} from "../../../lib/search/mod.ts";
import { randomEmbeddings } from "../_reference.ts";

const folder = Deno.args[0]!;
const passages = {
  ids: Array.from({ length: 2000 }, (_, i) => `p${i}`),
  embeddings: randomEmbeddings(2000, 32, 1),
};
const queries = { ids: ["a", "b"], embeddings: randomEmbeddings(2, 32, 2) };
const truth = await exactSearch(queries, passages, { k: 10 });
function* halves() {
  for (const [from, to] of [[0, 900], [900, 2000]] as const) {
    const data = passages.embeddings.data.subarray(from * 32, to * 32);
    yield {
      ids: passages.ids.slice(from, to),
      embeddings: { data, count: to - from, dimension: 32 },
    };
  }
}

// Comparing with all finds the truth, scores to float32.
const all = await createLanceIndex(folder, halves(), { kind: "none" });
assert.equal(all.size, 2000);
const found = await all.search(queries, 10);
for (const [id, wanted] of truth) {
  assert.deepEqual([...found.get(id)!.keys()], [...wanted.keys()]);
  for (const [p, score] of wanted) {
    assert.ok(Math.abs(found.get(id)!.get(p)! - score) < 1e-5);
  }
}
all.close();

await assert.rejects(() => createLanceIndex(folder, halves()), {
  name: "RangeError",
  message: /must not hold a table "passages" yet/,
});
await createLanceIndex(folder, halves(), { overwrite: true, partitions: 4 });
const again = await openLanceIndex(folder);
const near = await again.search(queries, 10, { probes: 4, refine: 20 });
let hits = 0;
for (const [id, wanted] of truth) {
  for (const p of wanted.keys()) if (near.get(id)!.has(p)) hits++;
}
assert.ok(hits >= 16, `${hits} of 20`);
await assert.rejects(() => openLanceIndex(folder, { table: "other" }), {
  name: "NotFound",
});
await assert.rejects(() => again.search(queries, 0), { name: "RangeError" });
console.log("all is well");
