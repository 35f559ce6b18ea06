/**
 * Finds the first key that an object of a JSON text holds twice, at any depth.
 * `JSON.parse` keeps the last one and says nothing, so a file could show a
 * checker one tensor and a reader another.
 *
 * @param text JSON that `JSON.parse` accepts; the scan relies on that.
 * @returns The key, or `undefined` if all are distinct.
 */
export function duplicateKey(text: string): string | undefined {
  /** Keys seen in each open object; `null` stands for an open array. */
  const open: (Set<string> | null)[] = [];
  // Strings are skipped by hand: a regular expression for them would need a
  // stack as deep as the longest string.
  const mark = /["{}[\]]/g;
  const colon = /\s*:/y;
  for (let m = mark.exec(text); m !== null; m = mark.exec(text)) {
    if (m[0] === "{") open.push(new Set());
    else if (m[0] === "[") open.push(null);
    else if (m[0] !== '"') open.pop();
    else {
      const end = stringEnd(text, m.index);
      mark.lastIndex = colon.lastIndex = end;
      const keys = open.at(-1);
      if (!keys || !colon.test(text)) continue;
      const key: string = JSON.parse(text.slice(m.index, end));
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
}

/** One past the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}
