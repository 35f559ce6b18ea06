import {
  type Encoder,
  textLimits,
  type TokenBatch,
  tokenize,
} from "../model/mod.ts";
import type { Batch } from "../sampling/mod.ts";
import type { Sequences } from "../backend/kernels/mod.ts";

/** A batch's texts as token ids. */
export interface BatchTokens {
  /** B queries. */
  queries: TokenBatch;
  /** B·N passages. */
  passages: TokenBatch;
}

/**
 * Token ids of a batch's texts, cut as {@linkcode textLimits} says; with
 * `queriesOnly` none of its passages.
 */
export function tokenizeBatch(
  encoder: Encoder,
  { examples }: Batch,
  given: Parameters<typeof textLimits>[1],
  { queriesOnly = false }: { queriesOnly?: boolean } = {},
): BatchTokens {
  const { queryLength, passageLength } = textLimits(encoder, given);
  return {
    queries: tokenize(encoder, examples.map((e) => e.queryText), {
      maxLength: queryLength,
    }),
    passages: tokenize(
      encoder,
      queriesOnly ? [] : examples.flatMap((e) => e.passageTexts),
      { maxLength: passageLength },
    ),
  };
}

/** Texts `[from, to)` of packed ones. */
export function textsBetween(
  { ids, offsets }: TokenBatch,
  [from, to]: Range,
): TokenBatch {
  const start = offsets[from]!;
  return {
    ids: ids.subarray(start, offsets[to]!),
    offsets: offsets.slice(from, to + 1).map((at) => at - start),
  };
}

/** From and to (not included), in texts. */
export type Range = readonly [number, number];

/** How much is worked on at once. */
export interface ChunkLimits {
  /** Most texts. @default {no limit} */
  chunk?: number;
  /** Most tokens; a longer text is a chunk of its own. @default {no limit} */
  tokens?: number;
}

/** Cuts texts into chunks, in order. */
export function chunksOf(
  { offsets }: Sequences,
  { chunk = Infinity, tokens = Infinity }: ChunkLimits,
): Range[] {
  const count = offsets.length - 1;
  const ranges: Range[] = [];
  for (let from = 0; from < count;) {
    let to = from + 1;
    while (
      to < count && to - from < chunk &&
      offsets[to + 1]! - offsets[from]! <= tokens
    ) to++;
    ranges.push([from, to]);
    from = to;
  }
  return ranges;
}
