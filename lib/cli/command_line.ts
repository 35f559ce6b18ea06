/**
 * A command line that a POSIX shell reads as these words: for telling somebody
 * what to type.
 */
export function commandLine(words: readonly string[]): string {
  return ["tdro", ...words].map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
  ).join(" ");
}
