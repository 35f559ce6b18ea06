import { shellWord } from "../base/shell_word.ts";

/**
 * A command line that a POSIX shell reads as these words: for telling somebody
 * what to type. It is one line without control characters, whatever the words.
 */
export function commandLine(words: readonly string[]): string {
  return ["tdro", ...words].map(shellWord).join(" ");
}
