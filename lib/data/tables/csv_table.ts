import { type CsvFormat, csvFormat, delimiterName } from "./csv_format.ts";
import { csvRecords } from "./csv_records.ts";
import type { ReadTableOptions } from "./read_options.ts";
import type { Table, TableRow } from "./table.ts";

/** Opens a CSV or TSV file. */
export async function openCsv(
  path: string,
  options: ReadTableOptions = {},
): Promise<Table> {
  const format = await csvFormat(path, options);
  const names = await columnNames(format, options.columns);
  const named = names.filter((name) => name !== "");
  return {
    source: path,
    columns: named,
    notes: notesOf(format, names),
    rows: () => readRows(format, names),
  };
}

/** Name of each column; empty for one that is left out. */
async function columnNames(
  format: CsvFormat,
  given: readonly string[] | undefined,
): Promise<string[]> {
  let names: string[] = [];
  for await (const { fields } of csvRecords(format)) {
    names = fields.map((name) => name.trim());
    break;
  }
  if (format.header) {
    checkHeader(format, names);
    return names;
  }
  if (names.length !== given!.length) {
    throw new RangeError(
      `Cannot read ${format.path}: columns (--columns) must name its ${names.length} columns (- leaves one out): got ${
        given!.length
      }`,
    );
  }
  checkTwice(format, given!.filter((name) => name !== "-"));
  return given!.map((name) => name === "-" ? "" : name);
}

function checkHeader(format: CsvFormat, names: string[]) {
  const { delimiter } = format;
  const problem = names.length === 0
    ? "the file is empty"
    : names.every((name) => name === "")
    ? "no column has a name"
    : names.some((name) => name.includes("\0"))
    ? "it holds NUL; is it UTF-16 (--encoding utf-16)?"
    : names.length === 1 && /[,;\t|]/.test(names[0]!)
    ? `got one column, ${JSON.stringify(names[0])}, separated by ${
      delimiterName(delimiter)
    }; say what separates them by delimiter (--delimiter)`
    : undefined;
  if (problem) throw badHeader(format, problem);
  checkTwice(format, names.filter((name) => name !== ""));
}

function checkTwice(format: CsvFormat, names: readonly string[]): void {
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice === undefined) return;
  throw badHeader(format, `${JSON.stringify(twice)} appears twice`);
}

function badHeader({ path, header }: CsvFormat, problem: string): SyntaxError {
  return new SyntaxError(
    `${path}:1: Cannot read the table: ${
      header ? "the first line" : "columns (--columns)"
    } must name the columns: ${problem}`,
  );
}

/** What was found out, and what is left out. */
function notesOf(
  { delimiter, path, marked }: CsvFormat,
  names: readonly string[],
): string[] {
  const usual = /\.(tsv|tab)(\.\w+)?$/i.test(path) ? "\t" : ",";
  const unnamed = names.flatMap((name, i) => name === "" ? [i + 1] : []);
  return [
    ...names.length > 1 && (delimiter !== usual || marked)
      ? [
        `separated by ${delimiterName(delimiter)}${
          marked ? ", as the first line says" : ""
        }`,
      ]
      : [],
    ...unnamed.length > 0
      ? [
        `column${unnamed.length > 1 ? "s" : ""} ${
          unnamed.join(", ")
        } without a name left out`,
      ]
      : [],
  ];
}

async function* readRows(
  format: CsvFormat,
  names: readonly string[],
): AsyncGenerator<TableRow> {
  let header = format.header;
  for await (const { line, fields } of csvRecords(format)) {
    if (header) {
      header = false;
      continue;
    }
    const where = `${format.path}:${line}`;
    if (fields.length !== names.length) {
      throw wrongCount(where, { format, wanted: names.length, fields });
    }
    const cells = names.flatMap((name, i) =>
      name === "" ? [] : [[name, fields[i]] as const]
    );
    yield { where, cells: Object.fromEntries(cells) };
  }
}

function wrongCount(
  where: string,
  { format: { delimiter, quotes }, wanted, fields }: {
    format: CsvFormat;
    wanted: number;
    fields: readonly string[];
  },
): SyntaxError {
  const separators = delimiterName(delimiter);
  return new SyntaxError(
    `${where}: Cannot read the row: it must have ${wanted} columns like the first line: got ${fields.length}; ${
      quotes
        ? `put texts that hold ${separators} between double quotes`
        : `texts must not hold ${separators}, or stand between double quotes (--quotes)`
    }`,
  );
}
