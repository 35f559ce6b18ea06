import { join } from "node:path";
import { nearestRows } from "../../lib/backend/mod.ts";
import { ExactIndex } from "../../lib/search/mod.ts";
import { clusteredVectors } from "./_clustered_vectors.ts";
import { useBenchBackend } from "./_device.ts";
import type { Work } from "./_work.ts";

const K = 100;

/** Passages that are made, and added to the index, at a time. */
const CHUNK = 100_000;

/**
 * Exact search of 1,000 queries; both sides have the passages in their index
 * beforehand.
 *
 * @param folder Where the peer finds the vectors.
 * @param sizes Numbers of passages and of queries.
 */
export async function setupSearch(
  folder: string,
  { passages, queries }: { passages: number; queries: number },
): Promise<Work> {
  await useBenchBackend();
  const asked = clusteredVectors(queries, 384, 2);
  await Deno.writeFile(join(folder, "queries.f32"), bytesOf(asked));
  const index = new ExactIndex({ prepare: nearestRows });
  using file = await Deno.create(join(folder, "passages.f32"));
  for (let from = 0; from < passages; from += CHUNK) {
    const count = Math.min(CHUNK, passages - from);
    const chunk = clusteredVectors(count, 384, from === 0 ? 1 : 3 + from);
    const bytes = bytesOf(chunk);
    for (let at = 0; at < bytes.length;) {
      at += await file.write(bytes.subarray(at));
    }
    index.add({ ...chunk, ids: chunk.ids.map((_, i) => `v${from + i}`) });
  }
  // Row numbers of all that was found: the same sum if the same was found.
  let check = 0;
  for (const list of (await index.search(asked, K)).values()) {
    for (const id of list.keys()) check += Number(id.slice(1));
  }
  return {
    check,
    flops: 2 * queries * passages * 384,
    round: async () => void await index.search(asked, K),
  };
}

function bytesOf(
  { embeddings: { data } }: ReturnType<typeof clusteredVectors>,
): Uint8Array {
  return new Uint8Array(data.buffer);
}
