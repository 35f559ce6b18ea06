/**
 * Orders two strings by code point, which is also the order of their UTF-8
 * bytes. JavaScript's `<` compares UTF-16 units and so puts U+1F4C4 before
 * U+FF01; names and tie-breaks by id must not depend on that.
 *
 * @param a First string.
 * @param b Second string.
 * @returns Below 0 if `a` comes first, above 0 if `b` does, 0 if equal.
 *
 * @example Usage
 * ```ts
 * import { compareCodePoints } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert("\u{1F4C4}" < "\uFF01");
 * assert(compareCodePoints("\u{1F4C4}", "\uFF01") > 0);
 * ```
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i), y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Moves the surrogates (code points from U+10000) behind U+E000 to U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
