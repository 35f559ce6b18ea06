import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "../../backend/mod.ts";
import type { Precision } from "../../backend/kernels/mod.ts";
import {
  embeddingSize,
  type EmbedUnit,
  type Encoder,
  encoderLead,
  joinedFloats,
} from "../../model/mod.ts";
import type { Workers } from "../../workers/mod.ts";
import {
  type BatchTokens,
  type ChunkLimits,
  chunksOf,
  textsBetween,
} from "../tokens.ts";
import { ownerOf, passagesEach, slotRanges } from "./slots.ts";

/** What {@linkcode sharedVectors} needs to know. */
export interface SharedVectorsOptions {
  /** The workers; this one must be number 0. */
  workers: Workers;
  /** Equal parts of the batch. @default {one a worker} */
  slots?: number | undefined;
  /** What products multiply. */
  precision?: Precision | undefined;
  /** How much is encoded at once. */
  gradCache: ChunkLimits;
}

/**
 * Vectors of a batch's queries and passages, each slot's made by the worker that
 * has it; the caller frees them.
 */
export async function sharedVectors(
  encoder: Encoder,
  tokens: BatchTokens,
  { workers, slots = workers.size, precision, gradCache }: SharedVectorsOptions,
): Promise<[Tensor2D, Tensor2D]> {
  const { queries, passages } = tokens;
  const each = passagesEach(tokens);
  const B = queries.offsets.length - 1;
  const sides = ([[queries, 1], [passages, each]] as const).map(
    ([texts, rows]) =>
      slotRanges(B, slots).flatMap(([from, to], slot): EmbedUnit[] => {
        const part = textsBetween(texts, [from * rows, to * rows]);
        return chunksOf(part, gradCache).map((range) => ({
          tokens: textsBetween(part, range),
          owner: ownerOf(slot, slots, workers.size),
        }));
      }),
  ) as [EmbedUnit[], EmbedUnit[]];
  const vectors = await encoderLead(workers).embed(encoder, sides.flat(), {
    precision,
  });
  const D = embeddingSize(encoder);
  const [first] = sides;
  return [
    tf.tensor2d(joinedFloats(vectors.slice(0, first.length)), [B, D]),
    tf.tensor2d(joinedFloats(vectors.slice(first.length)), [B * each, D]),
  ];
}
