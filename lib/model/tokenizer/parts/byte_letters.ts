const PRINTABLE = /^[!-~]*$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** GPT-2's letter for each byte: printable ones stand for themselves. */
const LETTERS: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const itself = (byte > 0x20 && byte < 0x7f) ||
      (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(itself ? byte : next++);
  });
})();

const BYTES: ReadonlyMap<string, number> = new Map(
  LETTERS.map((letter, byte) => [letter, byte]),
);

/** A text as letters that stand for its bytes in UTF-8. */
export function byteLetters(text: string): string {
  if (PRINTABLE.test(text)) return text;
  let letters = "";
  for (const byte of encoder.encode(text)) letters += LETTERS[byte];
  return letters;
}

/** The text of letters that stand for bytes; a token of other letters as it is. */
export function lettersToText(tokens: readonly string[]): string {
  const bytes = tokens.flatMap((token) => {
    const own = Array.from(token, (letter) => BYTES.get(letter));
    return own.includes(undefined)
      ? [...encoder.encode(token)]
      : own as number[];
  });
  return decoder.decode(Uint8Array.from(bytes));
}
