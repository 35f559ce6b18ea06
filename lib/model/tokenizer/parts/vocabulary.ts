/** Token → id. */
export type Vocabulary = ReadonlyMap<string, number>;

/** Ids of one word. */
export type WordIds = (word: string) => readonly number[];

/** The token that stands for a byte where models fall back to bytes. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}

/** Words remembered with their ids; forgotten together when that many. */
const MAX_CACHE = 1 << 16;
/** Longer words hardly come twice. */
const MAX_LENGTH = 256;

/** The same function, remembering words. */
export function remembered(ids: WordIds): WordIds {
  const cache = new Map<string, readonly number[]>();
  return (word) => {
    let known = cache.get(word);
    if (known === undefined) {
      known = ids(word);
      if (word.length > MAX_LENGTH) return known;
      if (cache.size >= MAX_CACHE) cache.clear();
      cache.set(word, known);
    }
    return known;
  };
}
