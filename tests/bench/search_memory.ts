/**
 * Memory of an exact search through a million passages, 100,000 at a time:
 * what the process takes above one chunk.
 *
 * deno run -A tests/bench/search_memory.ts [passages] [chunk]
 */
import { nearestRows, useBackend } from "../../lib/backend/mod.ts";
import { exactSearch } from "../../lib/search/mod.ts";
import { clusteredVectors } from "./_clustered_vectors.ts";

const count = Number(Deno.args[0] ?? 1_000_000);
const chunk = Number(Deno.args[1] ?? 100_000);
const backend = await useBackend();
const queries = clusteredVectors(1000, 384, 2);
const before = Deno.memoryUsage().rss;
let peak = before;
const timer = setInterval(look, 20);
const start = performance.now();
await exactSearch(queries, chunks(), { k: 1000, prepare: nearestRows });
clearInterval(timer);
look();
console.log(JSON.stringify({
  backend: backend.name,
  passages: count,
  seconds: Math.round((performance.now() - start) / 1000),
  chunkMB: Math.round(4 * chunk * 384 / 1e6),
  aboveTheChunkMB: Math.round((peak - before - 4 * chunk * 384) / 1e6),
}));

function look() {
  peak = Math.max(peak, Deno.memoryUsage().rss);
}

/** One vector array, filled anew: making a million is what would take long. */
function* chunks() {
  const { embeddings } = clusteredVectors(chunk, 384, 3);
  for (let i = 0; i < count; i += chunk) {
    look();
    for (let j = 0; j < embeddings.data.length; j++) {
      embeddings.data[j]! *= j % 7 === 0 ? 0.99 : 1.001;
    }
    const ids = Array.from({ length: chunk }, (_, j) => `v${i + j}`);
    yield { ids, embeddings };
  }
}
