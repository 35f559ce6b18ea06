import { readLines } from "../beir/read_lines.ts";
import { idProblem } from "../beir/schemas.ts";

/** A line of a table, split. */
export interface Columns {
  /** Number of the line, from 1. */
  line: number;
  /** Its columns. */
  columns: string[];
}

/** Splits lines at runs of ASCII spaces and tabs, as trec_eval does. */
export function splitBlanks(text: string): string[] {
  return text.split(/[ \t]+/).filter((column) => column !== "");
}

/** Lines of a table, without the blank ones, each with as many columns as names. */
export async function* readColumns(
  path: string,
  names: readonly string[],
  split: (text: string) => string[],
): AsyncGenerator<Columns> {
  for await (const { number, text } of readLines(path)) {
    if (/^[ \t]*$/.test(text)) continue;
    const columns = split(text);
    if (columns.length !== names.length) {
      throw new SyntaxError(
        `${path}:${number}: Cannot read the line: it must have ${names.length} columns (${
          names.join(", ")
        }): got ${columns.length}`,
      );
    }
    yield { line: number, columns };
  }
}

/** A grade or score, and the place in the file that gives it. */
export interface PairValue {
  query: string;
  passage: string;
  value: number;
  where: string;
}

/** Puts one value into a map of maps; a pair that's there already is an error. */
export function insertPair(
  rows: Map<string, Map<string, number>>,
  { query, passage, value, where }: PairValue,
): void {
  let row = rows.get(query);
  if (!row) rows.set(query, row = new Map());
  if (row.has(passage)) {
    throw new SyntaxError(
      `${where}: Cannot take query ${JSON.stringify(query)}, passage ${
        JSON.stringify(passage)
      } again: an earlier line has the pair; keep one of them`,
    );
  }
  row.set(passage, value);
}

/** A relevance grade: an integer of at most 32 bits, as in trec_eval, which may have `.0`. */
export function parseGrade(text: string, where: string): number {
  const grade = /^[+-]?[0-9]+(\.0*)?$/.test(text) ? Number(text) : NaN;
  // Not ===: the grade "-0" becomes 0.
  if ((grade | 0) == grade) return grade | 0;
  throw new SyntaxError(
    `${where}: Cannot read the grade: it must be an integer of at most 32 bits: got ${
      JSON.stringify(text)
    }`,
  );
}

/** What besides may not stand in a file without tabs and header. */
function trecProblem(id: string): string | undefined {
  if (id.includes(" ")) return "must hold no space";
  // At the start of the file it would be taken for the file's own mark.
  if (id.startsWith("\uFEFF")) return "must not begin with a byte order mark";
}

/** Throws if an id can't be a column of the file. */
export function checkColumnId(
  id: string,
  path: string,
  { blanks }: { blanks: boolean },
): void {
  const problem = idProblem(id) ??
    (!blanks ? trecProblem(id) : undefined);
  if (problem) {
    throw new RangeError(
      `Cannot write ${path}: an id ${problem}: got ${JSON.stringify(id)}`,
    );
  }
}
