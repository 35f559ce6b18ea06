import TinyQueue from "tinyqueue";

/** What {@linkcode learnPieces} needs to know. */
export interface LearnPiecesOptions {
  /** Pieces wanted, the letters included. */
  size: number;
  /** A pair seen more rarely is not joined. */
  minFrequency: number;
  /** Most letters. */
  limitAlphabet: number;
  /** Whether a letter always stands alone as a word. */
  alone: (letter: string) => boolean;
}

/** Marks a piece that continues a word. */
export const CONTINUES = "##";

/** Ids of pieces joined to one key; far above any vocabulary. */
const SHIFT = 2 ** 24;

/**
 * Learns the pieces of a WordPiece vocabulary as Hugging Face's trainer does:
 * starting from letters, it joins the most frequent pair of neighbours again
 * and again. Ties go to the pair that sorts first, so that the result depends
 * on the words and their counts alone, not on their order.
 *
 * @param words Word → how often it occurs.
 * @returns Pieces in the order learned, letters first.
 */
export function learnPieces(
  words: ReadonlyMap<string, number>,
  options: LearnPiecesOptions,
): string[] {
  const { size, minFrequency } = options;
  const pieces = alphabet(words, options);
  const ids = new Map(pieces.map((piece, id) => [piece, id]));
  const pairs = new Pairs(words, ids);
  const sortsFirst = (a: number, b: number): boolean => {
    const [a1, a2, b1, b2] = [left(a), right(a), left(b), right(b)];
    return a1 === b1 ? pieces[a2]! < pieces[b2]! : pieces[a1]! < pieces[b1]!;
  };
  // The pair that occurs most comes first.
  const queue = new TinyQueue<{ count: number; pair: number }>(
    [],
    (a, b) => b.count - a.count || (sortsFirst(a.pair, b.pair) ? -1 : 1),
  );
  for (const [pair, count] of pairs.counts) {
    if (count >= minFrequency) queue.push({ count, pair });
  }
  while (pieces.length < size) {
    const top = queue.pop();
    if (top === undefined) break;
    const count = pairs.counts.get(top.pair) ?? 0;
    if (count !== top.count) {
      // The count has changed since. If it rose, a newer entry says so.
      if (count < top.count && count >= minFrequency) {
        queue.push({ count, pair: top.pair });
      }
      continue;
    }
    const joined = pieces[left(top.pair)]! +
      pieces[right(top.pair)]!.slice(CONTINUES.length);
    let id = ids.get(joined);
    if (id === undefined) {
      id = pieces.push(joined) - 1;
      ids.set(joined, id);
    }
    for (const pair of pairs.join(top.pair, id)) {
      const grown = pairs.counts.get(pair) ?? 0;
      if (grown >= minFrequency) queue.push({ count: grown, pair });
    }
  }
  return pieces;
}

function left(pair: number): number {
  return Math.floor(pair / SHIFT);
}

function right(pair: number): number {
  return pair % SHIFT;
}

/**
 * The letters worth most, each in the forms that it can take in a word. A
 * letter's worth is how many letters of the text become unknown without it
 * (a word with one unknown letter is unknown as a whole), for each entry that
 * it takes. By mere frequency, common Chinese characters, which stand alone,
 * would crowd out letters that other languages need in every tenth word.
 */
function alphabet(
  words: ReadonlyMap<string, number>,
  { size, limitAlphabet, alone }: LearnPiecesOptions,
): string[] {
  const worth = new Map<string, number>();
  for (const [word, count] of words) {
    const letters = new Set(word);
    for (const letter of letters) {
      worth.set(letter, (worth.get(letter) ?? 0) + count * word.length);
    }
  }
  const forms = (letter: string) => alone(letter) ? 1 : 2;
  const ranked = [...worth].map(([letter, lost]) => ({
    letter,
    forms: forms(letter),
    worth: lost / forms(letter),
  })).sort((a, b) => b.worth - a.worth || (a.letter < b.letter ? -1 : 1));
  const initial: string[] = [];
  const continuing: string[] = [];
  for (const { letter, forms } of ranked.slice(0, limitAlphabet)) {
    if (initial.length + continuing.length + forms > size) break;
    initial.push(letter);
    // Also where the text has the letter only at the start of words: without
    // this form, a new word with it inside would be unknown as a whole.
    if (forms === 2) continuing.push(CONTINUES + letter);
  }
  return [...initial.sort(), ...continuing.sort()];
}

/** The words as rows of pieces, and how often which pieces are neighbours. */
class Pairs {
  readonly counts = new Map<number, number>();
  #where = new Map<number, Set<number>>();
  #rows: number[][] = [];
  #weights: number[] = [];

  constructor(
    words: ReadonlyMap<string, number>,
    ids: ReadonlyMap<string, number>,
  ) {
    for (const [word, weight] of words) {
      const row: number[] = [];
      for (const letter of word) {
        const id = ids.get(row.length === 0 ? letter : CONTINUES + letter);
        // A letter outside the alphabet is passed over.
        if (id !== undefined) row.push(id);
      }
      if (row.length < 2) continue;
      const at = this.#rows.push(row) - 1;
      this.#weights.push(weight);
      for (let i = 1; i < row.length; i++) {
        this.#add(row[i - 1]! * SHIFT + row[i]!, weight, at);
      }
    }
  }

  /** Joins a pair to one piece everywhere; returns the pairs that gained. */
  join(pair: number, id: number): Set<number> {
    const gained = new Set<number>();
    const [first, second] = [left(pair), right(pair)];
    const places = this.#where.get(pair)!;
    this.#where.delete(pair);
    for (const at of places) {
      const row = this.#rows[at]!;
      const weight = this.#weights[at]!;
      for (let i = 0; i + 1 < row.length; i++) {
        if (row[i] !== first || row[i + 1] !== second) continue;
        if (i > 0) {
          const before = row[i - 1]! * SHIFT;
          this.#add(before + first, -weight, at);
          this.#add(before + id, weight, at);
          gained.add(before + id);
        }
        if (i + 2 < row.length) {
          const after = row[i + 2]!;
          this.#add(second * SHIFT + after, -weight, at);
          this.#add(id * SHIFT + after, weight, at);
          gained.add(id * SHIFT + after);
        }
        row[i] = id;
        row.splice(i + 1, 1);
      }
    }
    this.counts.delete(pair);
    return gained;
  }

  #add(pair: number, weight: number, at: number): void {
    this.counts.set(pair, (this.counts.get(pair) ?? 0) + weight);
    if (weight < 0) return;
    const places = this.#where.get(pair);
    if (places === undefined) this.#where.set(pair, new Set([at]));
    else places.add(at);
  }
}
