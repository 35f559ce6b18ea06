import { type Chunk, searchChunks } from "../exact/search_chunks.ts";
import { dequantise, type QuantisedVectors } from "./quantise.ts";
import {
  Pieces,
  type QuantisedStore,
  type SearchKernels,
} from "./quantised_store.ts";

/** Rows that are numbers at a time: 8,192 of 1,024 components are 32 MiB. */
const BLOCK = 8192;

/** To prepare a block costs more than to score it with so few queries. */
const FEW_QUERIES = 8;

/**
 * Vectors in 8 bits. A query stays as it is: its product with the middle of each
 * step is exact, for which a block of rows at a time becomes numbers.
 */
export function int8Store({ prepare }: SearchKernels): QuantisedStore {
  const pieces = new Pieces<QuantisedVectors>();
  function* blocks(): Generator<Chunk> {
    for (const { piece } of pieces.all) {
      for (let from = 0; from < piece.count; from += BLOCK) {
        yield { embeddings: dequantise(rowsOf(piece, from, BLOCK)) };
      }
    }
  }
  return {
    add: (vectors) => pieces.add(vectors, vectors.count),
    search: (embeddings, options) =>
      searchChunks({ embeddings }, blocks(), {
        ...options,
        prepare: embeddings.count <= FEW_QUERIES ? undefined : prepare,
      }),
    decode(rows) {
      const first = pieces.all[0]?.piece;
      if (!first) return { data: new Float32Array(0), count: 0, dimension: 0 };
      const { dimension } = first;
      const data = new Int8Array(rows.length * dimension);
      for (let i = 0; i < rows.length; i++) {
        const [piece, at] = pieces.at(rows[i]!);
        data.set(rowsOf(piece, at, 1).data, i * dimension);
      }
      // All pieces have the same ranges.
      return dequantise({ ...first, data, count: rows.length });
    },
    [Symbol.dispose]: () => pieces.clear(),
  };
}

/** A view of some rows, or of what there is of them. */
function rowsOf(
  all: QuantisedVectors,
  from: number,
  count: number,
): QuantisedVectors {
  const { dimension } = all;
  const end = Math.min(from + count, all.count);
  const data = all.data.subarray(from * dimension, end * dimension);
  return { ...all, data, count: end - from };
}
