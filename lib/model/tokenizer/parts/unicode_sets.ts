import {
  CONTROL,
  INERT,
  INERT_COMPATIBILITY,
  MARK,
  NONSPACING,
  PUNCTUATION,
} from "./unicode_tables.ts";

// The reference's parts know different versions of Unicode, some ten years old,
// and the engine that runs this knows another: what isn't the same is a table.

/** A character in a pattern with the flag `v`, meaning itself. */
export function escapedUnit(character: string): string {
  return /[\p{L}\p{N}]/u.test(character)
    ? character
    : `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

/** The inside of a character class (flag `v`) for runs of code points. */
function inside(runs: string): string {
  const numbers = runs.split(" ").map((n) => parseInt(n, 36));
  let [at, out] = [0, ""];
  const unit = (code: number) => `\\u{${code.toString(16)}}`;
  for (let i = 0; i < numbers.length; i += 2) {
    const start = at + numbers[i]!;
    at = start + numbers[i + 1]!;
    out += start === at ? unit(start) : `${unit(start)}-${unit(at)}`;
  }
  return out;
}

/** Unicode's White_Space: JavaScript's `\s` lacks U+0085, and has U+FEFF. */
export const BLANK: string = "\\p{White_Space}";

/** What BERT and `Punctuation` split at. */
export const PUNCT: string = inside(PUNCTUATION);

/** What `Digits` splits at: numbers of Unicode 17. */
export const NUMERIC: string =
  "\\p{N}\\u{11DE0}-\\u{11DE9}\\u{16FF4}-\\u{16FF6}";

/** What the regular expressions of Rust call a word character. */
export const WORD: string =
  "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";

/** What Oniguruma calls a word character. */
export const ONIG_WORD: string =
  "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u{B2}\\u{B3}\\u{B9}\\u{BC}-\\u{BE}";

/** Every character of a class. */
export const every = (set: string): RegExp => new RegExp(`[${set}]`, "gv");

/** What BERT's normalizer deletes first. */
export const CONTROLS: RegExp = every(inside(CONTROL));
/** What BERT's normalizer deletes as accents, once decomposed. */
export const ACCENTS: RegExp = every(inside(NONSPACING));
/** What `StripAccents` deletes. */
export const MARKS: RegExp = every(inside(MARK));
/** White space. */
export const BLANKS: RegExp = every(BLANK);

const inert = inside(INERT);
const inertToo = inert + inside(INERT_COMPATIBILITY);
const parted = (set: string) => new RegExp(`([${set}])|[^${set}]+`, "gv");
const [CANONICAL, COMPATIBILITY] = [parted(inert), parted(inertToo)];
const UNKNOWN = new RegExp(`[${inertToo}]`, "v");
const PLAIN = /^[\0-\x7F]*$/;

/** A Unicode form of a text, as the reference's tables have it. */
export function unicodeForm(
  text: string,
  form: "NFC" | "NFD" | "NFKC" | "NFKD",
): string {
  if (PLAIN.test(text)) return text;
  if (!UNKNOWN.test(text)) return text.normalize(form);
  // A character that the reference doesn't know combines with nothing.
  return text.replace(
    form.startsWith("NFK") ? COMPATIBILITY : CANONICAL,
    (part, unknown) => unknown ?? part.normalize(form),
  );
}

/** Letters that got their small ones with Unicode 17, and the final sigma. */
const CASED = /[\u03A3\uA7CE\uA7D2\uA7D4\u{16EA0}-\u{16EB8}]/gu;

/** Each character's small letters, whatever stands beside it. */
export function lowercase(text: string): string {
  return text.replace(CASED, (letter) => {
    const code = letter.codePointAt(0)!;
    if (code === 0x3a3) return "σ";
    return String.fromCodePoint(code + (code > 0xffff ? 27 : 1));
  }).toLowerCase();
}
