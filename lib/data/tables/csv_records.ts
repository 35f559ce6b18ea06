import { LONGEST_LINE, readLines } from "../beir/read_lines.ts";
import { type CsvFormat, SAY_IT } from "./csv_format.ts";

/** A record of a delimited file. */
export interface CsvRecord {
  /** Number of its first line, from 1. */
  line: number;
  fields: string[];
}

/** What csv-parse gives for a record, as far as we look into it. */
interface Parsed {
  record: string[];
  info: { lines: number };
}

/** The records of a delimited file, its header included. */
export function csvRecords(format: CsvFormat): AsyncGenerator<CsvRecord> {
  return format.quotes ? quotedRecords(format) : plainRecords(format);
}

/** Each line is a record: quotes are part of the texts. */
async function* plainRecords(format: CsvFormat): AsyncGenerator<CsvRecord> {
  const { path, delimiter, quotes, encoding, marked } = format;
  for await (
    const { number, text } of readLines(path, { encoding, mend: SAY_IT })
  ) {
    if (text === "" || marked && number === 1) continue;
    const fields = text.split(delimiter);
    if (quotes === undefined && text.includes('"')) {
      checkEnclosed(`${path}:${number}`, fields);
    }
    yield { line: number, fields };
  }
}

/** Asks where a text is enclosed by quotes, as a spreadsheet would write it. */
function checkEnclosed(where: string, fields: readonly string[]): void {
  const at = fields.findIndex((field) => /^".*"$/.test(field));
  if (at < 0) return;
  throw new SyntaxError(
    `${where}: Cannot read the row: the double quotes around the text in column ${
      at + 1
    } may only enclose it, or be part of it; say quotes: true or quotes: false (--quotes, --no-quotes)`,
  );
}

/** Texts may stand between double quotes, with line ends in them. */
async function* quotedRecords(format: CsvFormat): AsyncGenerator<CsvRecord> {
  // A parser of 100 KB that few need.
  const { parse } = await import("csv-parse");
  const { Readable } = await import("node:stream");
  const options = {
    delimiter: format.delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    // A quote that nobody closes makes one record of all lines.
    max_record_size: LONGEST_LINE,
  };
  const source = chunks(format);
  const input = Readable.from(source);
  const parser = parse(options);
  // pipe() doesn't hand errors on, and leaving the loop must close the file.
  input.on("error", (error) => parser.destroy(error));
  input.pipe(parser);
  let last = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      // Blank lines before it are none of it, line ends in its texts are.
      const ends = record.join("").match(/\n/g)?.length ?? 0;
      yield { line: info.lines - ends, fields: record };
      last = info.lines;
    }
  } catch (error) {
    throw await describeError(error, format, last + 1);
  } finally {
    input.destroy();
    await source.return(undefined);
  }
}

/** Lines of the file in larger pieces: a stream has a cost per piece. */
async function* chunks(
  { path, encoding, marked }: CsvFormat,
): AsyncGenerator<string, void> {
  let piece = "";
  for await (
    const { number, text } of readLines(path, { encoding, mend: SAY_IT })
  ) {
    // A blank line keeps the others' numbers.
    piece += marked && number === 1 ? "\n" : `${text}\n`;
    if (piece.length < 1 << 16) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

/** The parser's own errors name the line at which it noticed. */
async function describeError(
  error: unknown,
  format: CsvFormat,
  record: number,
): Promise<unknown> {
  const { code, message } = error as { code?: string; message: string };
  if (!/^(CSV_|INVALID_OPENING_QUOTE)/.test(code ?? "")) return error;
  const noticed = Number(/at line (\d+)/.exec(message)?.[1] ?? record);
  const open = code === "INVALID_OPENING_QUOTE"
    ? undefined
    : await quoteBefore(format, record, noticed);
  const parted = open !== undefined && open < noticed;
  const what = code === "CSV_QUOTE_NOT_CLOSED"
    ? "a double quote is opened and never closed"
    : code === "CSV_MAX_RECORD_SIZE"
    ? `the row is longer than ${LONGEST_LINE} characters; is a double quote opened and never closed?`
    : code === "CSV_INVALID_CLOSING_QUOTE" && parted
    ? `a double quote is opened and, as it seems, never closed: the next one, in line ${noticed}, closes no text`
    : code === "CSV_INVALID_CLOSING_QUOTE" || code === "INVALID_OPENING_QUOTE"
    ? 'a double quote stands within a text; write it twice ("") and put the text between double quotes'
    : message;
  return new SyntaxError(
    `${format.path}:${
      open ?? noticed
    }: Cannot read the table: ${what}; where quotes are part of the texts, say quotes: false (--no-quotes)`,
  );
}

/**
 * The line where the quote stands that is open at the beginning of a line, or in
 * it; `undefined` if none is.
 */
async function quoteBefore(
  { path, encoding }: CsvFormat,
  record: number,
  noticed: number,
): Promise<number | undefined> {
  let open: number | undefined;
  for await (const { number, text } of readLines(path, { encoding })) {
    if (number < record) continue;
    if (number >= noticed && open !== undefined) break;
    if (number > noticed) break;
    for (const _ of text.matchAll(/"/g)) {
      open = open === undefined ? number : undefined;
    }
  }
  return open;
}
