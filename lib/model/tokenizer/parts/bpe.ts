import { shown } from "../../../base/shown.ts";
import { mergeBorders } from "./merge_borders.ts";
import { PairMap } from "./pair_map.ts";
import type { TokenizerPart } from "../tokenizer_json.ts";
import { byteToken, type Vocabulary, type WordIds } from "./vocabulary.ts";

/**
 * The pieces of a word by byte-pair encoding: neighbours are joined, the pair
 * that was learned first before all others, until none is left.
 *
 * @throws {Error} If a merge's tokens aren't in the vocabulary, or if merges
 * are dropped at random.
 */
export function bpe(model: TokenizerPart, vocabulary: Vocabulary): WordIds {
  if (model.dropout) {
    throw new Error(
      `dropout must be 0: got ${
        shown(model.dropout)
      }; ids would differ each time`,
    );
  }
  const merges = mergesOf(model, vocabulary);
  const whole = model.ignore_merges ? vocabulary : new Map<string, number>();
  const letters = letterIds(model, vocabulary);
  return (word) => {
    const id = whole.get(word);
    return id === undefined ? joined(letters(word), merges) : [id];
  };
}

interface Merges {
  /** Two ids → the rank of their merge. */
  ranks: PairMap;
  /** Rank → the id of the two together. */
  ids: readonly number[];
}

function mergesOf(model: TokenizerPart, vocabulary: Vocabulary): Merges {
  const prefix = (model.continuing_subword_prefix as string | null) ?? "";
  const list = pairsOf(model.merges);
  const ranks = new PairMap(list.length);
  const idOf = (token: string) => {
    const id = vocabulary.get(token);
    if (id === undefined) {
      throw new Error(
        `merges must join tokens of the vocabulary: got ${shown(token)}`,
      );
    }
    return id;
  };
  const ids = list.map(([left, right], rank) => {
    if (!right.startsWith(prefix)) {
      throw new Error(
        `merges must have the continuing_subword_prefix on the right: got ${
          shown(right)
        }`,
      );
    }
    ranks.set(idOf(left), idOf(right), rank);
    return idOf(left + right.slice(prefix.length));
  });
  return { ranks, ids };
}

function pairsOf(merges: unknown): [string, string][] {
  if (!Array.isArray(merges)) throw new Error("merges must be a list");
  const pairs = merges.filter((merge) =>
    typeof merge !== "string" || !merge.startsWith("#version")
  ).map((merge) => typeof merge === "string" ? merge.split(" ") : merge);
  const bad = pairs.find((pair) =>
    !Array.isArray(pair) || pair.length !== 2 ||
    !pair.every((token) => typeof token === "string")
  );
  if (bad !== undefined) throw new Error("merges must be pairs of tokens");
  return pairs;
}

/**
 * How a long word is cut into pieces that merges don't reach over, if it can be.
 */
export function bpePieces(
  model: TokenizerPart,
  vocabulary: Vocabulary,
): ((word: string) => Iterable<string>) | undefined {
  // These look at the word as a whole, or at its ends.
  const whole = model.ignore_merges || model.continuing_subword_prefix ||
    model.end_of_word_suffix;
  if (whole) return undefined;
  const made = () => pairsOf(model.merges).map((pair) => pair.join(""));
  return mergeBorders(made, (letter) => vocabulary.has(letter));
}

/** The ids of a word's letters, before any are joined. */
function letterIds(
  model: TokenizerPart,
  vocabulary: Vocabulary,
): (word: string) => number[] {
  const prefix = (model.continuing_subword_prefix as string | null) ?? "";
  const suffix = (model.end_of_word_suffix as string | null) ?? "";
  const unknownToken = model.unk_token as string | null | undefined;
  const unknownId = () => {
    const id = vocabulary.get(unknownToken!);
    if (id === undefined) {
      throw new Error(
        `the vocabulary lacks the unknown token ${shown(unknownToken)}`,
      );
    }
    return id;
  };
  return (word) => {
    const ids: number[] = [];
    let unknown: number | undefined;
    let start = true;
    let at = 0;
    for (const character of word) {
      at += character.length;
      const letter = (start ? "" : prefix) + character +
        (at === word.length ? suffix : "");
      start = false;
      const id = vocabulary.get(letter);
      if (id !== undefined) {
        if (unknown !== undefined) ids.push(unknown);
        unknown = undefined;
        ids.push(id);
        continue;
      }
      const bytes = model.byte_fallback
        ? byteIds(letter, vocabulary)
        : undefined;
      if (bytes) ids.push(...bytes);
      // A letter that nothing stands for is left out.
      else if (typeof unknownToken === "string") {
        if (unknown !== undefined && !model.fuse_unk) ids.push(unknown);
        unknown = unknownId();
      }
    }
    if (unknown !== undefined) ids.push(unknown);
    return ids;
  };
}

const encoder = new TextEncoder();

/** The ids of a text's bytes, if the vocabulary has them all. */
export function byteIds(
  text: string,
  vocabulary: Vocabulary,
): number[] | undefined {
  const ids = Array.from(
    encoder.encode(text),
    (byte) => vocabulary.get(byteToken(byte)),
  );
  return ids.includes(undefined) ? undefined : ids as number[];
}

/** Joins neighbours in place, the lowest rank first, of those the leftmost. */
function joined(ids: number[], { ranks, ids: wholes }: Merges): number[] {
  const count = ids.length;
  if (count < 2) return ids;
  const next = Int32Array.from(ids, (_, i) => i + 1 < count ? i + 1 : -1);
  const before = Int32Array.from(ids, (_, i) => i - 1);
  const gone = new Uint8Array(count);
  const queue = new MergeQueue();
  const offer = (at: number) => {
    const rank = ranks.get(ids[at]!, ids[next[at]!]!);
    if (rank !== -1) queue.push(rank, at);
  };
  for (let at = 0; at + 1 < count; at++) offer(at);
  while (queue.size > 0) {
    const { rank, at } = queue.pop();
    const right = next[at]!;
    if (gone[at] || right === -1) continue;
    // Since it was offered, one of the two may have become another.
    const now = ranks.get(ids[at]!, ids[right]!);
    if (now === -1 || wholes[now] !== wholes[rank]) continue;
    ids[at] = wholes[rank]!;
    gone[right] = 1;
    const after = next[right]!;
    next[at] = after;
    if (after !== -1) {
      before[after] = at;
    }
    if (before[at] !== -1) offer(before[at]!);
    if (after !== -1) offer(at);
  }
  return ids.filter((_, at) => gone[at] === 0);
}

/** What to join next: the lowest rank, then the leftmost place. */
class MergeQueue {
  /** A heap of ranks times 2^32 plus places: both compare as one number. */
  #heap: number[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(rank: number, at: number): void {
    const heap = this.#heap;
    const item = rank * PLACES + at;
    let hole = heap.push(item) - 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (heap[parent]! <= item) break;
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = item;
  }

  pop(): { rank: number; at: number } {
    const heap = this.#heap;
    const top = heap[0]!;
    const item = heap.pop()!;
    const size = heap.length;
    if (size > 0) {
      let hole = 0;
      for (;;) {
        let child = 2 * hole + 1;
        if (child >= size) break;
        if (child + 1 < size && heap[child + 1]! < heap[child]!) child++;
        if (heap[child]! >= item) break;
        heap[hole] = heap[child]!;
        hole = child;
      }
      heap[hole] = item;
    }
    return { rank: Math.floor(top / PLACES), at: top % PLACES };
  }
}

const PLACES = 2 ** 31;
