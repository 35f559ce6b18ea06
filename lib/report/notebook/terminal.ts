/** Replaces what would move the cursor or recolour the terminal. */
export function printable(text: string): string {
  // Line ends and tabs read as a gap; other control characters (ESC among
  // them) and the marks that reorder text show as U+FFFD.
  return text.toWellFormed()
    .replace(/[\t\r\n\u2028\u2029]+/g, " ")
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

/** Cells that a text takes in a terminal: CJK and emoji 2, marks 0, others 1. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** Blocks that Unicode's EastAsianWidth.txt gives as wide (W or F). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], // Hangul initials
  [0x2e80, 0x303e], // radicals, CJK punctuation
  [0x3041, 0x33ff], // kana, bopomofo, CJK compatibility
  [0x3400, 0x4dbf], // CJK extension A
  [0x4e00, 0x9fff], // CJK unified
  [0xa000, 0xa4cf], // Yi
  [0xa960, 0xa97f], // Hangul initials, extended
  [0xac00, 0xd7a3], // Hangul syllables
  [0xf900, 0xfaff], // CJK compatibility ideographs
  [0xfe30, 0xfe6f], // compatibility forms
  [0xff00, 0xff60], // full-width forms
  [0xffe0, 0xffe6], // full-width signs
  [0x1f300, 0x1f64f], // emoji
  [0x1f900, 0x1f9ff], // emoji, supplement
  [0x20000, 0x3fffd], // CJK extensions B and later
];

/** Whether a code point fills two cells (one em in print). */
export function isWide(code: number): boolean {
  return code >= 0x1100 &&
    WIDE.some(([low, high]) => code >= low && code <= high);
}

function charWidth(char: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(char)) return 0;
  return isWide(char.codePointAt(0)!) ? 2 : 1;
}
