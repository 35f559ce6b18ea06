import { LONGEST_LINE, readLines } from "../beir/read_lines.ts";
import type { Table, TableRow } from "./table.ts";

/** A record of a CSV file. */
interface CsvRecord {
  /** Number of its first line, from 1. */
  line: number;
  fields: string[];
}

/** What csv-parse gives for a record, as far as we look into it. */
interface Parsed {
  record: string[];
  info: { lines: number };
}

/** Opens a CSV or TSV file whose first line names the columns. */
export async function openCsv(path: string): Promise<Table> {
  const delimiter = /\.(tsv|tab)(\.\w+)?$/i.test(path) ? "\t" : ",";
  let columns: string[] = [];
  for await (const { fields } of readRecords(path, delimiter)) {
    columns = fields.map((name) => name.trim());
    break;
  }
  checkHeader(path, columns, delimiter);
  return {
    source: path,
    columns,
    rows: () => readRows(path, columns, delimiter),
  };
}

function checkHeader(path: string, columns: string[], delimiter: string) {
  const seen = new Set<string>();
  const twice = columns.find((name) => seen.size === seen.add(name).size);
  const problem = columns.length === 0
    ? "the file is empty"
    : columns.includes("")
    ? `column ${columns.indexOf("") + 1} has no name`
    : twice !== undefined
    ? `${JSON.stringify(twice)} comes twice`
    : columns.length === 1 && /[;\t|]/.test(columns[0]!)
    ? `got one column, ${JSON.stringify(columns[0])}; separate by ${
      delimiter === "," ? "commas, or by tabs in a file named .tsv" : "tabs"
    }`
    : undefined;
  if (problem) {
    throw new SyntaxError(
      `${path}:1: Cannot read the table: the first line must name the columns: ${problem}`,
    );
  }
}

async function* readRows(
  path: string,
  columns: readonly string[],
  delimiter: string,
): AsyncGenerator<TableRow> {
  let header = true;
  for await (const { line, fields } of readRecords(path, delimiter)) {
    if (header) {
      header = false;
      continue;
    }
    const where = `${path}:${line}`;
    if (fields.length !== columns.length) {
      throw new SyntaxError(
        `${where}: Cannot read the row: it must have ${columns.length} columns like the first line: got ${fields.length}; put texts that hold ${
          delimiter === "," ? "commas" : "tabs"
        } between double quotes`,
      );
    }
    const cells = columns.map((name, i) => [name, fields[i]] as const);
    yield { where, cells: Object.fromEntries(cells) };
  }
}

async function* readRecords(
  path: string,
  delimiter: string,
): AsyncGenerator<CsvRecord> {
  // A parser of 100 KB that few need.
  const { parse } = await import("csv-parse");
  const { Readable } = await import("node:stream");
  const options = {
    delimiter,
    info: true,
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    // A quote that nobody closes makes one record of all lines.
    max_record_size: LONGEST_LINE,
  };
  const input = Readable.from(chunks(path));
  const parser = parse(options);
  // pipe() doesn't hand errors on, and leaving the loop must close the file.
  input.on("error", (error) => parser.destroy(error));
  input.pipe(parser);
  let last = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      yield { line: last + 1, fields: record };
      last = info.lines;
    }
  } catch (error) {
    throw describeError(path, error);
  } finally {
    input.destroy();
  }
}

/** Lines of the file in larger pieces: a stream has a cost per piece. */
async function* chunks(path: string): AsyncGenerator<string> {
  let piece = "";
  for await (const { text } of readLines(path)) {
    piece += `${text}\n`;
    if (piece.length < 1 << 16) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

/** The parser's own errors name the line at their end. */
function describeError(path: string, error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string };
  if (!/^(CSV_|INVALID_OPENING_QUOTE)/.test(code ?? "")) return error;
  const line = /at line (\d+)/.exec(message)?.[1];
  const what = code === "CSV_QUOTE_NOT_CLOSED"
    ? "a double quote is opened and never closed"
    : code === "CSV_MAX_RECORD_SIZE"
    ? `the row is longer than ${LONGEST_LINE} characters; is a double quote opened and never closed?`
    : code === "CSV_INVALID_CLOSING_QUOTE" || code === "INVALID_OPENING_QUOTE"
    ? 'a double quote stands within a text; write it twice ("") and put the text between double quotes'
    : message;
  return new SyntaxError(
    `${path}${line ? `:${line}` : ""}: Cannot read the table: ${what}`,
  );
}
