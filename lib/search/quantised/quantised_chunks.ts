import type { EmbeddedTexts } from "../exact/exact_search.ts";
import { CALIBRATION } from "./calibration.ts";
import type { SearchPrecision } from "./precision.ts";
import { quantise } from "./quantise.ts";
import type { QuantisedTexts } from "./quantised_index.ts";
import { type QuantisationRanges, quantisationRanges } from "./ranges.ts";

/** Options for {@linkcode quantisedChunks}. */
export interface QuantisedChunksOptions {
  /** How each component is kept. */
  precision: SearchPrecision;
  /** Ranges for 8 bits. @default {those of the first vectors} */
  ranges?: QuantisationRanges | undefined;
  /** Vectors that are held whole to measure ranges on. @default {50_000} */
  calibration?: number | undefined;
}

/**
 * Makes vectors smaller chunk by chunk. The ranges of 8 bits are those of the first
 * 50,000 vectors, of all if there are fewer; what lies outside is cut off.
 *
 * @param chunks Whole vectors, as `embedPassages` gives them.
 * @param options Precision and ranges.
 * @returns The chunks, smaller.
 *
 * @example Usage
 * ```ts
 * import { quantisedChunks } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const chunk = (id: string, ...values: number[]) => ({
 *   ids: [id],
 *   embeddings: { data: Float32Array.from(values), count: 1, dimension: 2 },
 * });
 * const chunks = [chunk("a", 0, 0), chunk("b", 255, 510)];
 * const [, last] = await Array.fromAsync(quantisedChunks(chunks, { precision: "int8" }));
 * assert.deepEqual([...last!.vectors.data], [127, 127]);
 * ```
 */
export async function* quantisedChunks(
  chunks: Iterable<EmbeddedTexts> | AsyncIterable<EmbeddedTexts>,
  { precision, ranges, calibration = CALIBRATION }: QuantisedChunksOptions,
): AsyncGenerator<QuantisedTexts> {
  const known = precision === "int8" && ranges === undefined
    ? calibrated(chunks, calibration)
    : withRanges(chunks, ranges);
  for await (const { chunk: { ids, embeddings }, ranges } of known) {
    yield { ids, vectors: quantise(embeddings, { precision, ranges }) };
  }
}

/** A chunk of whole vectors, and the ranges that hold for it. */
interface RangedChunk {
  chunk: EmbeddedTexts;
  ranges: QuantisationRanges | undefined;
}

async function* withRanges(
  chunks: Iterable<EmbeddedTexts> | AsyncIterable<EmbeddedTexts>,
  ranges: QuantisationRanges | undefined,
): AsyncGenerator<RangedChunk> {
  for await (const chunk of chunks) yield { chunk, ranges };
}

/** Holds chunks back until there are vectors enough to measure ranges on. */
async function* calibrated(
  chunks: Iterable<EmbeddedTexts> | AsyncIterable<EmbeddedTexts>,
  wanted: number,
): AsyncGenerator<RangedChunk> {
  let held: EmbeddedTexts[] = [];
  let count = 0;
  let ranges: QuantisationRanges | undefined;
  for await (const chunk of chunks) {
    held.push(chunk);
    count += chunk.embeddings.count;
    if (!ranges && count < wanted) continue;
    ranges ??= rangesOf(held);
    for (const chunk of held) yield { chunk, ranges };
    held = [];
  }
  if (count === 0) return;
  ranges ??= rangesOf(held);
  for (const chunk of held) yield { chunk, ranges };
}

function rangesOf(chunks: readonly EmbeddedTexts[]): QuantisationRanges {
  return quantisationRanges(chunks.map(({ embeddings }) => embeddings));
}
