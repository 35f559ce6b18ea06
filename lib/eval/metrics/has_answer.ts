/**
 * Whether a text contains one of the answers, by the rule of DPR and MKQA (spec
 * section 16): both are NFD-normalised and cut into runs of letters, digits and
 * marks, or single other characters that are neither separators nor controls,
 * each in lower case; an answer matches if its tokens stand in the text in a
 * row. An answer without tokens matches everything, as in the reference.
 *
 * @param text Text of a passage: title, blank, body.
 * @param answers Accepted answers; without any, nothing matches.
 * @returns Whether one of them matches.
 *
 * @example Usage
 * ```ts
 * import { hasAnswer } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * assert(hasAnswer("Finished in 1874, after nine years", ["1873", "1874"]));
 * assert(!hasAnswer("Finished in 18745", ["1874"]));
 * ```
 */
export function hasAnswer(text: string, answers: readonly string[]): boolean {
  const key = answerKey(text);
  return answers.some((answer) => key.includes(answerKey(answer)));
}

/**
 * A text's tokens, each between two NULs: the key of a passage includes that of an
 * answer if and only if the answer's tokens stand in it in a row. (No token holds
 * a NUL, and without tokens the key is one NUL, which every key has.)
 */
export function answerKey(text: string): string {
  const tokens = text.normalize("NFD")
    .match(/[\p{L}\p{N}\p{M}]+|[^\p{Z}\p{C}]/gu) ?? [];
  // Each by itself: a final sigma depends on what follows it.
  return `\0${tokens.map((token) => `${token.toLowerCase()}\0`).join("")}`;
}
