/**
 * LanceDB against exact search: recall@10, recall@100 and time per query, on
 * clustered vectors (see `_clustered_vectors.ts`).
 *
 * deno run --no-lock -A tests/bench/lance_index.ts [passages]
 */
import { nearestRows, useBackend } from "../../lib/backend/mod.ts";
import { createLanceIndex, ExactIndex } from "../../lib/search/mod.ts";
import { clusteredVectors } from "./_clustered_vectors.ts";
import { tempFolder } from "../_temp_folder.ts";

const passages = clusteredVectors(Number(Deno.args[0] ?? 32_768), 384, 1);
const queries = clusteredVectors(200, 384, 2);
const clock = async <T>(work: () => Promise<T>): Promise<[number, T]> => {
  const start = performance.now();
  const value = await work();
  return [performance.now() - start, value];
};

await useBackend();
using exact = new ExactIndex({ prepare: nearestRows });
exact.add(passages);
await exact.search(queries, 100); // warm
const [time, truth] = await clock(() => exact.search(queries, 100));
const lines = [{
  index: "exact",
  build: "",
  query: time / 200,
  r10: 1,
  r100: 1,
}];
const folder = await tempFolder();
try {
  for (const kind of ["none", "ivf-pq"] as const) {
    const [build, index] = await clock(() =>
      createLanceIndex(folder, chunks(), { kind, table: kind })
    );
    for (
      const options of kind === "none" ? [{}] : [{}, { probes: 50, refine: 8 }]
    ) {
      await index.search(queries, 100, options);
      const [time, run] = await clock(() =>
        index.search(queries, 100, options)
      );
      const recall = (k: number) => {
        let hits = 0;
        for (const [id, wanted] of truth) {
          const found = new Set([...run.get(id)!.keys()].slice(0, k));
          for (const p of [...wanted.keys()].slice(0, k)) {
            if (found.has(p)) hits++;
          }
        }
        return hits / (k * truth.size);
      };
      lines.push({
        index: `${kind} ${JSON.stringify(options)}`,
        build: `${(build / 1000).toFixed(1)} s`,
        query: time / 200,
        r10: recall(10),
        r100: recall(100),
      });
    }
    index.close();
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
console.table(lines);

function* chunks() {
  const { ids, embeddings: { data, dimension } } = passages;
  for (let i = 0; i < ids.length; i += 4096) {
    const part = ids.slice(i, i + 4096);
    const values = data.subarray(i * dimension, (i + part.length) * dimension);
    yield {
      ids: part,
      embeddings: { data: values, count: part.length, dimension },
    };
  }
}
