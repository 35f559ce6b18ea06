import type { Passage } from "../data/types.ts";

/** What is searched: title, blank, text, trimmed (spec section 16). */
export function passageText({ title = "", text }: Passage): string {
  return `${title} ${text}`.trim();
}
