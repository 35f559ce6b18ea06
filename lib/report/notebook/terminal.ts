import { eastAsianWidth } from "get-east-asian-width";
import stringWidth from "string-width";

/** Cells that a text takes in a terminal: CJK and emoji 2, marks 0, others 1. */
export function displayWidth(text: string): number {
  return stringWidth(text);
}

/** Whether a code point fills two cells (one em in print). */
export function isWide(code: number): boolean {
  return eastAsianWidth(code) === 2;
}
