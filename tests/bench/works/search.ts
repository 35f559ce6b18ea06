import { join } from "node:path";
import { nearestRows } from "../../../lib/backend/mod.ts";
import { ExactIndex } from "../../../lib/search/mod.ts";
import { clusteredVectors } from "../_clustered_vectors.ts";
import { useBenchBackend } from "../_device.ts";
import type { Work } from "../_work.ts";

const K = 100;

/** Exact search; both sides have the passages in their index beforehand. */
export async function setup(quick: boolean, folder: string): Promise<Work> {
  await useBenchBackend();
  const passages = clusteredVectors(quick ? 20_000 : 100_000, 384, 1);
  const queries = clusteredVectors(quick ? 200 : 1000, 384, 2);
  for (const [name, all] of Object.entries({ passages, queries })) {
    await Deno.writeFile(
      join(folder, `${name}.f32`),
      new Uint8Array(all.embeddings.data.buffer),
    );
  }
  const index = new ExactIndex({ prepare: nearestRows });
  index.add(passages);
  // Row numbers of all that was found: the same sum if the same was found.
  let check = 0;
  for (const list of (await index.search(queries, K)).values()) {
    for (const id of list.keys()) check += Number(id.slice(1));
  }
  return {
    check,
    flops: 2 * queries.ids.length * passages.ids.length * 384,
    round: async () => void await index.search(queries, K),
  };
}
