/**
 * The text of a passage as the encoder gets it: title, one space, text; or the
 * text alone if there is no title (spec section 3.2).
 *
 * An empty title counts as absent. The reference keeps a leading space there
 * in training but trims it in evaluation (surprise S2); here both get the
 * same text, the trimmed one.
 *
 * @param passage The passage; only its title and text count.
 * @returns Its text.
 *
 * @example Usage
 * ```ts
 * import { passageText } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert.equal(passageText({ title: "Deno", text: "A runtime" }), "Deno A runtime");
 * assert.equal(passageText({ title: "", text: "A runtime" }), "A runtime");
 * ```
 */
export function passageText(
  { title, text }: { id?: string; title?: string; text: string },
): string {
  return title ? `${title} ${text}` : text;
}
