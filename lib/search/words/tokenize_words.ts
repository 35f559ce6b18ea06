/** Cuts a text into tokens; equal strings are the same token. */
export type TokenizeFunction = (text: string) => string[];

/**
 * Tokens of lexical search in languages that put blanks between words: the
 * text in lower case, then every run of at least two letters, digits (of any
 * script) or `_`. No stop words, no stemming. Combining marks end a token, so
 * Hindi or Thai words break at their vowel signs; see
 * {@linkcode tokenizeMultilingual}.
 *
 * @param text Any text.
 * @returns Its tokens, in order.
 *
 * @example Usage
 * ```ts
 * import { tokenizeWords } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(tokenizeWords("A bridge, 35 m long"), ["bridge", "35", "long"]);
 * ```
 */
export function tokenizeWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]{2,}/gu) ?? [];
}
