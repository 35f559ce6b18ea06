import type { Io } from "../io.ts";

/** Bold on a terminal, plain elsewhere. */
export function bold(text: string, { color }: Pick<Io, "color">): string {
  return color ? `\u001b[1m${text}\u001b[22m` : text;
}

/** Breaks a text at spaces so that no line is longer than `width`. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((w) => w !== "")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "" || lines.length === 0) lines.push(line);
  return lines;
}

/** Two columns: terms, and what they mean, broken to fit the terminal. */
export function glossary(
  rows: readonly (readonly [term: string, meaning: string])[],
  columns: number,
): string {
  const indent = Math.min(28, 4 + Math.max(...rows.map(([t]) => t.length)));
  const width = Math.max(30, Math.min(columns, 100) - indent);
  return rows.map(([term, meaning]) => {
    const [first, ...rest] = wrap(meaning, width);
    const start = `  ${term}`;
    // A long term has its line to itself.
    const head = start.length + 2 <= indent
      ? start.padEnd(indent) + first
      : `${start}\n${" ".repeat(indent)}${first}`;
    return [head, ...rest.map((line) => " ".repeat(indent) + line)].join("\n")
      .trimEnd();
  }).join("\n");
}
