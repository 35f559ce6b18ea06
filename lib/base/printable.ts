/**
 * A text that stays on one line of a terminal: line ends, and the control
 * characters that a terminal obeys, become blanks.
 *
 * @param text Any text, perhaps one that quotes a file.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}
