import type { Embeddings } from "../../model/types.ts";
import { type Chunk, searchChunks } from "../exact/search_chunks.ts";
import type { PreparedPassages } from "../exact/top_k.ts";
import { dequantise, type QuantisedVectors, stepMiddles } from "./quantise.ts";
import { scoreDecoded } from "./score_decoded.ts";
import {
  Pieces,
  type QuantisedStore,
  type SearchKernels,
  type SteppedVectors,
} from "./quantised_store.ts";

/** Rows that are numbers at a time: 8,192 of 1,024 components are 32 MiB. */
const BLOCK = 8192;

/** To prepare a block costs more than to score it with so few queries. */
const FEW_QUERIES = 8;

/** Some vectors, and what finds the best of them as they are. */
interface Piece {
  vectors: QuantisedVectors;
  prepared: PreparedPassages | undefined;
}

/**
 * Vectors in 8 bits. A query stays as it is: its product with the middle of each
 * step is exact. Where no kernel searches them as they are, a block of rows at a
 * time becomes numbers.
 */
export function int8Store(
  { prepare, prepareSteps }: SearchKernels,
): QuantisedStore {
  const pieces = new Pieces<Piece>();
  function* chunks(): Generator<Chunk> {
    for (const { piece: { vectors, prepared } } of pieces.all) {
      if (prepared) {
        const { count, dimension } = vectors;
        const data = new Float32Array(0); // nobody asks for it
        yield { embeddings: { data, count, dimension }, prepared };
        continue;
      }
      for (let from = 0; from < vectors.count; from += BLOCK) {
        yield { embeddings: dequantise(rowsOf(vectors, from, BLOCK)) };
      }
    }
  }
  return {
    add(vectors) {
      const prepared = prepareSteps?.(stepsOf(vectors));
      pieces.add({
        vectors,
        prepared: prepared && withScores(prepared, vectors),
      }, vectors.count);
    },
    search: (embeddings, options) =>
      searchChunks({ embeddings }, chunks(), {
        ...options,
        prepare: embeddings.count <= FEW_QUERIES ? undefined : prepare,
      }),
    decode(rows) {
      const first = pieces.all[0]?.piece.vectors;
      if (!first) return { data: new Float32Array(0), count: 0, dimension: 0 };
      return decoded(first, rows, (row) => {
        const [{ vectors }, at] = pieces.at(row);
        return [vectors, at];
      });
    },
    [Symbol.dispose]() {
      for (const { piece } of pieces.all) piece.prepared?.dispose();
      pieces.clear();
    },
  };
}

function stepsOf(
  { data, count, dimension, ranges }: QuantisedVectors,
): SteppedVectors {
  const middles = stepMiddles(ranges!, "int8");
  return { data: data as Int8Array, count, dimension, ...middles };
}

/** Scores what was found here where the kernel can't. */
function withScores(
  prepared: PreparedPassages,
  vectors: QuantisedVectors,
): PreparedPassages {
  const { dimension } = vectors;
  return {
    candidates: (...asked) => prepared.candidates(...asked),
    scores: (queries, found) =>
      prepared.scores?.(queries, found) ??
        found.map((rows, q) => {
          const at = q * dimension;
          const query = queries.data.subarray(at, at + dimension);
          return scoreDecoded(
            query,
            decoded(vectors, rows, (row) => [vectors, row]),
          );
        }),
    dispose: () => prepared.dispose(),
  };
}

/** What some rows stand for; all vectors have the ranges of `like`. */
function decoded(
  like: QuantisedVectors,
  rows: ArrayLike<number>,
  find: (row: number) => [QuantisedVectors, row: number],
): Embeddings {
  const { dimension } = like;
  const data = new Int8Array(rows.length * dimension);
  for (let i = 0; i < rows.length; i++) {
    const [vectors, at] = find(rows[i]!);
    data.set(rowsOf(vectors, at, 1).data, i * dimension);
  }
  return dequantise({ ...like, data, count: rows.length });
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
