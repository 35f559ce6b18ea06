/**
 * Tokens of lexical search in any language: lower-cased runs of at least two
 * letters, digits, `_` or combining marks, as in {@linkcode tokenizeWords} but
 * with marks kept; and, where a script is written without blanks (Chinese,
 * Japanese, Thai, Lao, Khmer, Burmese, Tibetan) or glues particles to words
 * (Korean), every pair of neighbouring characters in place of the run, or the
 * character itself where it stands alone.
 *
 * @param text Any text.
 * @returns Its tokens, in order.
 *
 * @example Usage
 * ```ts
 * import { tokenizeMultilingual } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(tokenizeMultilingual("Old Tokyo: 東京都"), [
 *   "old",
 *   "tokyo",
 *   "東京",
 *   "京都",
 * ]);
 * ```
 */
export function tokenizeMultilingual(text: string): string[] {
  const tokens: string[] = [];
  for (const [run] of text.toLowerCase().matchAll(RUNS)) {
    if (!UNSPACED.test(run)) {
      tokens.push(run);
      continue;
    }
    // A character together with the marks on it counts as one.
    const characters = run.match(/\P{M}\p{M}*/gu)!;
    if (characters.length === 1) tokens.push(run);
    for (let i = 1; i < characters.length; i++) {
      tokens.push(characters[i - 1]! + characters[i]!);
    }
  }
  return tokens;
}

const SCRIPTS = "\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}ー\\p{sc=Hangul}" +
  "\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}\\p{sc=Tibetan}";

/** First alternative: unspaced characters that are letters, and their marks. */
const RUNS = new RegExp(
  `(?:(?=[\\p{L}])[${SCRIPTS}]\\p{M}*)+|` +
    `(?:(?![${SCRIPTS}])[\\p{L}\\p{N}_]\\p{M}*){2,}`,
  "gu",
);

const UNSPACED = new RegExp(`^[${SCRIPTS}]`, "u");
