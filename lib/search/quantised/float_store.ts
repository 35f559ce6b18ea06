import type { Embeddings } from "../../model/types.ts";
import { type Chunk, searchChunks } from "../exact/search_chunks.ts";
import {
  Pieces,
  type QuantisedStore,
  type SearchKernels,
} from "./quantised_store.ts";

/** Whole vectors: search is exact search. */
export function floatStore({ prepare }: SearchKernels): QuantisedStore {
  const chunks = new Pieces<Chunk>();
  return {
    add({ data, count, dimension }) {
      const embeddings = { data: data as Float32Array, count, dimension };
      const prepared = prepare && count > 0 ? prepare(embeddings) : "none";
      chunks.add({ embeddings, prepared }, count);
    },
    search: (embeddings, options) =>
      searchChunks(
        { embeddings },
        chunks.all.map(({ piece }) => piece),
        { ...options, prepare },
      ),
    decode(rows) {
      const found = Array.from(rows, (row) => {
        const [{ embeddings }, at] = chunks.at(row);
        const { data, dimension } = embeddings;
        return data.subarray(at * dimension, (at + 1) * dimension);
      });
      return joined(found);
    },
    [Symbol.dispose]() {
      for (const { piece: { prepared } } of chunks.all) {
        if (prepared && prepared !== "none") prepared.dispose();
      }
      chunks.clear();
    },
  };
}

/** Vectors one below the other. */
function joined(vectors: readonly Float32Array[]): Embeddings {
  const dimension = vectors[0]?.length ?? 0;
  const data = new Float32Array(vectors.length * dimension);
  vectors.forEach((vector, i) => data.set(vector, i * dimension));
  return { data, count: vectors.length, dimension };
}
