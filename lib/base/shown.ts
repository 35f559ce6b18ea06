/**
 * Text from elsewhere as a message may show it: quoted, shortened, and with
 * nothing in it that moves a terminal's cursor or reorders a line.
 *
 * @param text The text.
 */
export function shown(text: string): string {
  const short = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return JSON.stringify(short).replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (mark) => `\\u{${mark.codePointAt(0)!.toString(16)}}`,
  );
}
