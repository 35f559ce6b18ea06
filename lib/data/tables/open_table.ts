import { checkFile } from "./check_file.ts";
import { openArrow } from "./arrow_table.ts";
import { openCsv } from "./csv_table.ts";
import { openDatasetFolder } from "./dataset_folder.ts";
import { openJson } from "./json_table.ts";
import { openParquet } from "./parquet_table.ts";
import {
  DELIMITED_OPTIONS,
  parseReadOptions,
  type ReadTableOptions,
} from "./read_options.ts";
import type { Table } from "./table.ts";

/** Options of {@linkcode openTable}. */
export interface OpenTableOptions extends ReadTableOptions {
  /**
   * Which subset (configuration) of a Hugging Face data set to read, where its README
   * names several.
   *
   * @default the one called `default`, or the only one
   */
  subset?: string;
}

type Open = (path: string, options: ReadTableOptions) => Promise<Table>;

/** File name → how it is opened. */
const FORMATS: readonly [RegExp, Open][] = [
  [/\.(csv|tsv|tab)(\.(gz|zst|bz2|xz))?$/i, openCsv],
  [/\.(json|jsonl|ndjson)(\.(gz|zst|bz2|xz))?$/i, openJson],
  [/\.parquet$/i, openParquet],
  [/\.arrow$/i, openArrow],
];

/** Files of Excel and LibreOffice. */
const SPREADSHEET = /\.(xlsx?|xlsm|xlsb|ods)$/i;

/** Whether a file's name is one of a table. */
export function isTableFile(name: string): boolean {
  return formatOf(name) !== undefined && !ABOUT.test(name);
}

/** What the data sets library notes about a data set beside its files. */
const ABOUT =
  /(^|\/)(state|dataset_info|dataset_infos|dataset_dict|config)\.json$/;

function formatOf(name: string): Open | undefined {
  return FORMATS.find(([pattern]) => pattern.test(name))?.[1];
}

/** Options that say nothing of a file are a slip of the pen. */
function checkNotDelimited(path: string, options: ReadTableOptions): void {
  const given = DELIMITED_OPTIONS.find((name) =>
    options[name] !== undefined && !(name === "header" && options.header)
  );
  if (given === undefined) return;
  throw new RangeError(
    `Cannot read ${path}: ${given} (--${given}) is for CSV and TSV files`,
  );
}

/**
 * Opens a table: a CSV or TSV file (UTF-8, first line = column names, texts
 * with commas or line ends between double quotes), JSON lines, a JSON list, or
 * parquet (all its compressions), or Arrow; text also packed by gzip or zstd. A folder
 * is taken for a Hugging Face data set: its README's `configs`, or else the
 * names of its files, say which are the splits.
 *
 * @param path File or folder.
 * @param options Which part of a data set.
 * @returns The table; its rows are read as a stream, as often as wanted.
 * @throws {SyntaxError} If a file is malformed; the message begins with
 * `path:line` where one line is to blame.
 * @throws {RangeError} If it is none of these formats.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { openTable, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/faq.csv`;
 * await writeWhole(path, 'question,answer\n"Open, when?",At nine\n');
 * const table = await openTable(path);
 * assert.deepEqual(table.columns, ["question", "answer"]);
 * const [row] = await Array.fromAsync(table.rows());
 * assert.equal(row!.cells.question, "Open, when?");
 * ```
 */
export async function openTable(
  path: string,
  { subset, ...reading }: OpenTableOptions = {},
): Promise<Table> {
  const options = parseReadOptions(reading);
  if (await checkFile(path) === "folder") {
    return await openDatasetFolder(path, {
      subset,
      isTableFile,
      openTable: (path) => formatOf(path)!(path, options),
    });
  }
  const open = formatOf(path);
  if (open && open !== openCsv) checkNotDelimited(path, reading);
  if (open) return await open(path, options);
  if (SPREADSHEET.test(path)) {
    throw new RangeError(
      `Cannot read ${path} as a table: it is a spreadsheet; save its sheet as CSV UTF-8 and import that`,
    );
  }
  throw new RangeError(
    `Cannot read ${path} as a table: the name must end in .csv, .tsv, .jsonl, .json, .parquet or .arrow`,
  );
}
