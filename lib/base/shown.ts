/**
 * A value from elsewhere as a message may show it: quoted, shortened, and with
 * nothing in it that moves a terminal's cursor or reorders a line.
 *
 * @param value The value, e.g. a text or a field of a JSON file.
 */
export function shown(value: unknown): string {
  const text = typeof value === "string"
    ? JSON.stringify(shortened(value))
    : shortened(JSON.stringify(value) ?? "nothing");
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (mark) => `\\u{${mark.codePointAt(0)!.toString(16)}}`,
  );
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
