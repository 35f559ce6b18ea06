import { displayWidth } from "../notebook/terminal.ts";

/**
 * Breaks a text into lines of at most so many cells of a terminal: at spaces, and
 * within a word only if the word alone is longer than a line.
 *
 * @param text One line.
 * @param width Cells of a line, at least 2: a Chinese character takes two.
 * @param hang Cells that all lines but the first are set in.
 */
export function wrapCells(text: string, width: number, hang = 0): string[] {
  if (displayWidth(text) <= width) return [text];
  const [first, ...rest] = broken(text, width - hang);
  return [first!, ...rest.map((line) => " ".repeat(hang) + line)];
}

function broken(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (displayWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    const pieces = brokenWord(word, width);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1)!;
  }
  if (line !== "" || lines.length === 0) lines.push(line);
  return lines;
}

/** Cells of the longest word. */
export function longestWord(text: string): number {
  return text.split(" ").reduce(
    (most, word) => Math.max(most, displayWidth(word)),
    0,
  );
}

const LETTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function brokenWord(word: string, width: number): string[] {
  if (displayWidth(word) <= width) return [word];
  const pieces: string[] = [];
  let piece = "";
  for (const { segment } of LETTERS.segment(word)) {
    if (piece !== "" && displayWidth(piece + segment) > width) {
      pieces.push(piece);
      piece = "";
    }
    piece += segment;
  }
  return [...pieces, piece];
}
