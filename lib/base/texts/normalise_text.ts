/**
 * The form in which two texts count as the same: compatibility characters
 * folded (NFKC), lower case, everything but letters, marks and digits taken as
 * one space. A text without any of these (`"=>"`) keeps its symbols.
 *
 * @param text Any text.
 * @returns Its normal form.
 *
 * @example Usage
 * ```ts
 * import { normaliseText } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert.equal(normaliseText("  Closes the `File`. "), normaliseText("closes the file"));
 * assert.notEqual(normaliseText("=>"), normaliseText("->"));
 * ```
 */
export function normaliseText(text: string): string {
  const folded = text.normalize("NFKC").toLowerCase().normalize("NFKC");
  const words = folded.replace(/[^\p{L}\p{M}\p{N}]+/gu, " ").trim();
  return words === "" ? folded.replace(/\s+/gu, " ").trim() : words;
}
