import { printable } from "../base/printable.ts";

/**
 * A command line that a POSIX shell reads as these words: for telling somebody
 * what to type. It is one line without control characters, whatever the words.
 */
export function commandLine(words: readonly string[]): string {
  return ["tdro", ...words].map(shellWord).join(" ");
}

function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (printable(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  const bytes = [...new TextEncoder().encode(word)].map((byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x27 || byte === 0x5c
      ? `\\${byte.toString(8).padStart(3, "0")}`
      : String.fromCharCode(byte)
  );
  return `$'${bytes.join("")}'`;
}
