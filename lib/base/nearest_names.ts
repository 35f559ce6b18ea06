/**
 * Number of letters to add, drop, change or swap with their neighbour to get
 * from one word to the other (optimal string alignment distance).
 */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j]!, before[j - 2]! + 1);
      }
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

/** Up to `count` of the names, those with the fewest edits from `word` first. */
export function nearest(
  word: string,
  names: readonly string[],
  count = 3,
): string[] {
  return names
    .map((name) => ({ name, edits: editDistance(word, name) }))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, count)
    .map(({ name }) => name);
}

/** The name that `word` was probably meant to be, if one is near enough. */
export function suggest(
  word: string,
  names: readonly string[],
): string | undefined {
  let best: string | undefined;
  // A third of the letters may be wrong, and always two.
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    // A word with no letter in common isn't a slip, however short it is.
    const limit = Math.min(least, Math.max(word.length, name.length));
    const edits = editDistance(word, name);
    if (edits < limit) {
      best = name;
      least = edits;
    }
  }
  return best ?? names.find((name) => word !== "" && name.startsWith(word));
}

/** ` (did you mean …?)`, or nothing. */
export function didYouMean(word: string, names: readonly string[]): string {
  const name = suggest(word, names);
  return name === undefined ? "" : ` (did you mean ${name}?)`;
}
