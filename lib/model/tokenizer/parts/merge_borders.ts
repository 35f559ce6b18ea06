import { PairMap } from "./pair_map.ts";

/** Shorter words are merged as they are. */
const LONG = 48;

/**
 * Cuts a long word where no merge can reach over: between two letters that
 * stand side by side in nothing that any merge makes. Merged alone, the pieces
 * give the ids of the whole. Without such cuts a text that no pre-tokenizer
 * splits would be merged to its end, whatever the limit.
 *
 * @param made What the merges make.
 * @param isKnown Whether a letter is in the vocabulary: others may become one
 * unknown token with their neighbours.
 */
export function mergeBorders(
  made: () => Iterable<string>,
  isKnown: (letter: string) => boolean,
): (word: string) => Iterable<string> {
  let inside: PairMap | undefined;
  return function* (word) {
    if (word.length <= LONG) return yield word;
    inside ??= neighbours(made());
    let [start, at] = [0, 0];
    let before: string | undefined;
    for (const letter of word) {
      if (
        before !== undefined && at - start > LONG / 2 &&
        inside.get(before.codePointAt(0)!, letter.codePointAt(0)!) === -1 &&
        isKnown(before) && isKnown(letter)
      ) {
        yield word.slice(start, at);
        start = at;
      }
      before = letter;
      at += letter.length;
    }
    yield word.slice(start);
  };
}

function neighbours(tokens: Iterable<string>): PairMap {
  const pairs = new PairMap(1 << 12);
  for (const token of tokens) {
    let before: number | undefined;
    for (const letter of token) {
      const code = letter.codePointAt(0)!;
      if (before !== undefined) pairs.set(before, code, 1);
      before = code;
    }
  }
  return pairs;
}
