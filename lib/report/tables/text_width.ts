import { isWide } from "../notebook/terminal.ts";

/**
 * Width of a text in a sans-serif face, in px: without a canvas nobody can
 * measure it, and vega's own guess (0.8 em for each character) leaves wide
 * gaps beside Latin text and cuts Chinese. Nobody knows either which face the
 * viewer has. The classes are the advance widths of DejaVu Sans, the widest of
 * those that stand in for Helvetica (whose letters are a tenth narrower),
 * rounded up: a label or heading gets a little too much room rather than be cut.
 */
export function textWidth(
  text: string,
  fontSize: number,
  bold = false,
): number {
  let em = 0;
  for (const char of text) em += bold ? boldEm(char) : charEm(char);
  return em * fontSize;
}

/** Characters by their width, the narrowest first; others are Latin letters. */
const CLASSES: readonly [RegExp, number][] = [
  [/[ijlI'|]/, 0.34],
  [/[ .,:;/\\\-·]/, 0.37],
  [/[frt()[\]J!]/, 0.42],
  [/["csz`]/, 0.56],
  [/[a-zLF_*?$ˇ0-9]/, 0.64],
  [/[A-Z{}]/, 0.8],
  [/[+=<>~^#−±×÷→]/, 0.84],
  [/[жшщюыфЖШЩЮЫФМ]/, 1.1],
];

/** Wider than their class. */
const SINGLE: Readonly<Record<string, number>> = {
  ...{
    m: 0.98,
    w: 0.82,
    M: 0.89,
    W: 1,
    "@": 1.01,
    Щ: 1.18,
    "%": 0.96,
    "&": 0.79,
  },
  "–": 0.51,
  "—": 1.01,
  "…": 1.01,
};

function charEm(char: string): number {
  if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(char)) return 0;
  if (isWide(char.codePointAt(0)!)) return 1.02;
  return SINGLE[char] ?? CLASSES.find(([kind]) => kind.test(char))?.[1] ?? 0.8;
}

/** Bold letters are wider by up to an eighth, narrow ones by a quarter. */
function boldEm(char: string): number {
  const em = charEm(char);
  return em < 0.43 ? em * 1.25 : em * 1.13;
}

/** Breaks a text into lines of at most `width` px, at spaces. */
export function wrapText(
  text: string,
  width: number,
  fontSize: number,
  bold = false,
): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && textWidth(longer, fontSize, bold) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  lines.push(line);
  return lines;
}
