import { byteIds } from "./bpe.ts";
import { Trie } from "./trie.ts";
import type { TokenizerPart } from "../tokenizer_json.ts";
import type { Vocabulary, WordIds } from "./vocabulary.ts";

/** How much less likely than the least likely token an unknown character is. */
const UNKNOWN_PENALTY = 10;

/** The most likely pieces of a word, by the tokens' scores. */
export function unigram(
  model: TokenizerPart,
  vocabulary: Vocabulary,
): WordIds {
  const tokens = model.vocab as [string, number][];
  const unknown = unknownId(model.unk_id, tokens.length);
  const scores = tokens.map(([, score]) => score);
  const trie = new Trie();
  for (const [token, id] of vocabulary) if (token !== "") trie.add(token, id);
  const least = scores.reduce((low, score) => Math.min(low, score), Infinity);
  const path = bestPath({
    trie,
    scores,
    unknown,
    unknownScore: least - UNKNOWN_PENALTY,
  });
  return (word) => {
    const ids: number[] = [];
    for (const piece of path(word)) {
      const id = vocabulary.get(piece);
      if (id !== undefined) {
        ids.push(id);
        continue;
      }
      const bytes = model.byte_fallback
        ? byteIds(piece, vocabulary)
        : undefined;
      ids.push(...bytes ?? [unknown]);
    }
    return ids;
  };
}

function unknownId(id: unknown, size: number): number {
  if (
    Number.isSafeInteger(id) && (id as number) >= 0 && (id as number) < size
  ) {
    return id as number;
  }
  throw new Error(
    `unk_id of Unigram must be an id of the vocabulary, for what is in no token: got ${id}`,
  );
}

interface Lattice {
  trie: Trie;
  scores: readonly number[];
  unknown: number;
  unknownScore: number;
}

/** Viterbi's algorithm; unknown characters in a row are one piece. */
function bestPath(
  { trie, scores, unknown, unknownScore }: Lattice,
): (word: string) => string[] {
  return (word) => {
    const best = new Float64Array(word.length + 1);
    const starts = new Int32Array(word.length + 1).fill(-1);
    const ids = new Int32Array(word.length + 1);
    let [from, alone, after] = [0, false, 0];
    const offer = (end: number, id: number, score = scores[id]!) => {
      alone ||= end === after;
      const total = score + best[from]!;
      if (starts[end] !== -1 && !(total > best[end]!)) return;
      best[end] = total;
      starts[end] = from;
      ids[end] = id;
    };
    for (; from < word.length; from = after) {
      after = from + (word.codePointAt(from)! > 0xffff ? 2 : 1);
      alone = false;
      trie.each(word, from, offer);
      if (!alone) offer(after, unknown, unknownScore);
    }
    return pieces(word, { starts, ids, unknown });
  };
}

function pieces(
  word: string,
  { starts, ids, unknown }: {
    starts: Int32Array;
    ids: Int32Array;
    unknown: number;
  },
): string[] {
  const found: string[] = [];
  let unknownEnd = -1;
  for (let end = word.length; end > 0;) {
    const start = starts[end]!;
    const isUnknown = ids[end] === unknown;
    if (isUnknown && unknownEnd === -1) unknownEnd = end;
    if (!isUnknown) {
      if (unknownEnd !== -1) found.push(word.slice(end, unknownEnd));
      unknownEnd = -1;
      found.push(word.slice(start, end));
    }
    end = start;
  }
  if (unknownEnd !== -1) found.push(word.slice(0, unknownEnd));
  return found.reverse();
}
