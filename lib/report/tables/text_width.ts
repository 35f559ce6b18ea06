import { isWide } from "../notebook/terminal.ts";

/**
 * Width of a text in a sans-serif face, in px: without a canvas nobody can
 * measure it, and vega's own guess (0.8 em for each character) leaves wide
 * gaps beside Latin text and cuts Chinese. The classes are the advance widths
 * of Helvetica and its metric equals, rounded up, so that a label gets a little
 * too much room rather than too little in the faces that stand in for it.
 */
export function textWidth(
  text: string,
  fontSize: number,
  bold = false,
): number {
  let em = 0;
  for (const char of text) em += charEm(char);
  return em * fontSize * (bold ? 1.08 : 1);
}

function charEm(char: string): number {
  if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(char)) return 0;
  if (isWide(char.codePointAt(0)!)) return 1.02;
  if (/[ijl|!.,:;'`]/.test(char)) return 0.3;
  if (/[frt()[\]{}/\\I\- "·]/.test(char)) return 0.37;
  if (/[mwMWOQG@%&–—…→]/.test(char)) {
    return char === "%" || char === "m" ? 0.9 : 0.98;
  }
  if (/[A-Z]/.test(char)) return 0.72;
  if (/[\x21-\x7e]/.test(char)) return 0.58;
  return 0.75;
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
