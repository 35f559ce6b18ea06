import { RankedHeap } from "../exact/ranked_heap.ts";
import { resting } from "../../base/resting.ts";
import { hammingDistances } from "./hamming.ts";
import { bytesPerVector } from "./precision.ts";
import { dequantise, quantise, type QuantisedVectors } from "./quantise.ts";
import {
  Pieces,
  type QuantisedStore,
  type SearchKernels,
} from "./quantised_store.ts";

/** Queries and rows counted at a time: 32 × 65,536 counts are 4 MiB. */
const BLOCK = { queries: 32, rows: 65_536 };

/**
 * Vectors of a bit a component. Queries become bits too; the score is the product of
 * the two with 1 and -1 for bits, which is D less twice the bits that differ.
 */
export function binaryStore(
  { hamming = hammingDistances }: SearchKernels,
): QuantisedStore {
  const pieces = new Pieces<Uint32Array>();
  let dimension = 0;
  const words = () => Math.ceil(dimension / 32);
  return {
    add(vectors) {
      ({ dimension } = vectors);
      pieces.add(wordsOf(vectors), vectors.count);
    },
    async search(queries, { k, tie, signal }) {
      const heaps = Array.from(
        { length: queries.count },
        () => new RankedHeap(k, tie),
      );
      const width = words();
      const rest = resting(signal);
      const bits = wordsOf(quantise(queries, { precision: "binary" }));
      const counts = new Uint16Array(BLOCK.queries * BLOCK.rows);
      for (const { piece, first, count } of pieces.all) {
        for (let from = 0; from < count; from += BLOCK.rows) {
          const end = Math.min(from + BLOCK.rows, count);
          const rows = piece.subarray(from * width, end * width);
          for (let q = 0; q < queries.count; q += BLOCK.queries) {
            await rest();
            const some = heaps.slice(q, q + BLOCK.queries);
            const asked = bits.subarray(q * width, (q + some.length) * width);
            hamming(asked, rows, width, counts);
            offerAll(some, counts, {
              dimension,
              first: first + from,
              rows: end - from,
            });
          }
        }
      }
      return heaps;
    },
    decode(rows) {
      const bytes = bytesPerVector(dimension, "ubinary");
      const data = new Uint8Array(rows.length * bytes);
      for (let i = 0; i < rows.length; i++) {
        const [piece, at] = pieces.at(rows[i]!);
        const row = piece.subarray(at * words(), (at + 1) * words());
        data.set(bytesOf(row).subarray(0, bytes), i * bytes);
      }
      return dequantise({
        data,
        count: rows.length,
        dimension,
        precision: "ubinary",
      });
    },
    [Symbol.dispose]: () => pieces.clear(),
  };
}

/** Puts the rows of a block on the heaps of the queries that they were counted for. */
function offerAll(
  heaps: readonly RankedHeap[],
  counts: Uint16Array,
  { dimension, first, rows }: {
    dimension: number;
    first: number;
    rows: number;
  },
): void {
  for (const [q, heap] of heaps.entries()) {
    const own = counts.subarray(q * rows, (q + 1) * rows);
    let most = (dimension - heap.bar) / 2;
    for (let row = 0; row < rows; row++) {
      const count = own[row]!;
      if (count > most) continue;
      heap.offer(dimension - 2 * count, first + row);
      most = (dimension - heap.bar) / 2;
    }
  }
}

/** The bits of each vector as whole words, those beyond the last component 0. */
function wordsOf({ data, count, dimension }: QuantisedVectors): Uint32Array {
  const bytes = bytesPerVector(dimension, "binary");
  const words = Math.ceil(dimension / 32);
  const out = new Uint8Array(count * words * 4);
  const flip = data instanceof Int8Array ? 128 : 0;
  for (let row = 0; row < count; row++) {
    for (let b = 0; b < bytes; b++) {
      out[row * words * 4 + b] = data[row * bytes + b]! ^ flip;
    }
  }
  return new Uint32Array(out.buffer);
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
