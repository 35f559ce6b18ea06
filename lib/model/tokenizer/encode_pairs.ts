import { cutPair, type PairPiece } from "./parts/pair_template.ts";
import type { Pipeline } from "./pipeline.ts";

/**
 * Ids and token types of pairs of texts.
 *
 * @throws {RangeError} As `Tokenizer.encodePairs` says.
 */
export function encodePairs(
  pipeline: Pipeline,
  pairs: readonly (readonly [string, string])[],
  { maxLength = Infinity }: { maxLength?: number } = {},
): { ids: number[][]; types: number[][] } {
  const pieces = piecesOf(pipeline);
  const special = pieces.reduce((sum, { ids }) => sum + ids.length, 0);
  const room = maxLength - special;
  if (!(room >= 0)) {
    throw new RangeError(
      `Cannot tokenize pairs: maxLength must be at least ${special}, the number of special tokens: got ${maxLength}`,
    );
  }
  const encoded = pairs.map((texts) => {
    const [a, b] = texts.map((text) => pipeline.encode(text, Infinity)) as [
      number[],
      number[],
    ];
    const kept = cutPair([a.length, b.length], room);
    const both = [a.slice(0, kept[0]), b.slice(0, kept[1])];
    const parts = pieces.map(({ text, ids, type }) => ({
      ids: text === undefined ? ids : both[text]!,
      type,
    }));
    return {
      ids: parts.flatMap(({ ids }) => [...ids]),
      types: parts.flatMap(({ ids, type }) => ids.map(() => type)),
    };
  });
  return {
    ids: encoded.map(({ ids }) => ids),
    types: encoded.map(({ types }) => types),
  };
}

function piecesOf(pipeline: Pipeline): PairPiece[] {
  try {
    return pipeline.pair();
  } catch (error) {
    throw new RangeError(
      `Cannot tokenize pairs: ${(error as Error).message}`,
    );
  }
}
