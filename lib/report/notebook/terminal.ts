import { eastAsianWidth } from "get-east-asian-width";
import stringWidth from "string-width";

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
  return stringWidth(text);
}

/** Whether a code point fills two cells (one em in print). */
export function isWide(code: number): boolean {
  return eastAsianWidth(code) === 2;
}
