import { readLines } from "../beir/read_lines.ts";
import type { ReadTableOptions } from "./read_options.ts";

/** How a delimited file is read. */
export interface CsvFormat {
  path: string;
  delimiter: string;
  /**
   * Whether texts may stand between double quotes; `undefined`: they don't, unless
   * a cell looks like it, and then it's asked.
   */
  quotes: boolean | undefined;
  /** Whether the first line names the columns. */
  header: boolean;
  encoding: string | undefined;
  /** Whether the first line is Excel's: it says what separates the columns. */
  marked: boolean;
}

/** `sep=;`, as Excel writes and reads it. */
const MARK = /^"?sep=(.)"?$/i;

/** Lines of the beginning that are looked at. */
const SAMPLE_LINES = 50;
/** Characters of them, at most. */
const SAMPLE = 1 << 20;

/** What may separate columns. */
const DELIMITERS = [",", "\t", ";", "|"];

/** Finds out how a file is to be read, from its options, name and first lines. */
export async function csvFormat(
  path: string,
  { delimiter, quotes, header = true, encoding }: ReadTableOptions,
): Promise<CsvFormat> {
  const lines = await firstLines(path, encoding);
  const said = MARK.exec(lines[0] ?? "")?.[1];
  const sample = said === undefined ? lines : lines.slice(1);
  const head = sample[0] ?? "";
  const tabs = /\.(tsv|tab)(\.\w+)?$/i.test(path);
  const separator = delimiter ?? said ??
    chooseDelimiter(path, sample, tabs ? "\t" : ",");
  const quoted = head.split(separator).some((name) => name.startsWith('"'));
  return {
    path,
    delimiter: separator,
    quotes: quotes ?? (tabs && !quoted ? undefined : true),
    header,
    encoding,
    marked: said !== undefined,
  };
}

async function firstLines(
  path: string,
  encoding: string | undefined,
): Promise<string[]> {
  const lines: string[] = [];
  let size = 0;
  for await (const { text } of readLines(path, { encoding, mend: SAY_IT })) {
    if (text.trim() === "") continue;
    lines.push(text);
    size += text.length;
    if (lines.length === SAMPLE_LINES || size > SAMPLE) break;
  }
  return lines;
}

/** What to do with a table that isn't UTF-8. */
export const SAY_IT =
  "say what it is (--encoding latin1, windows-1252, utf-16 …), or convert the file to UTF-8";

/**
 * What the first lines are separated by. The name's own delimiter is taken unless
 * the lines make a table by another one only; where they do by both, it's asked.
 */
function chooseDelimiter(
  path: string,
  lines: readonly string[],
  usual: string,
): string {
  // Tabs are put between columns and hardly anywhere else.
  if (usual === "\t" && lines[0]?.includes(usual)) return usual;
  const text = lines.join("\n");
  const fits = DELIMITERS.filter((delimiter) => isTable(text, delimiter));
  const [only, other] = fits;
  if (only === undefined) return usual;
  if (other === undefined) return only;
  throw new SyntaxError(
    `${path}:1: Cannot read the table: it may be separated by ${
      fits.map(delimiterName).join(" or by ")
    }; say which by delimiter (--delimiter ${
      fits.map((d) => d === "\t" ? "tab" : `"${d}"`).join(" or ")
    })`,
  );
}

/** Whether all records have as many columns as the first one, two at least. */
function isTable(text: string, delimiter: string): boolean {
  const [first = 0, ...rest] = columnCounts(text, delimiter);
  return first > 1 && rest.every((count) => count === first);
}

/** Columns of each record; one that doesn't end in the text doesn't count. */
function columnCounts(text: string, delimiter: string): number[] {
  const counts: number[] = [];
  let count = 1;
  let quoted = false;
  for (const mark of text.match(/["\n,\t;|]/g) ?? []) {
    if (mark === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (mark === delimiter) count++;
    else if (mark === "\n") {
      counts.push(count);
      count = 1;
    }
  }
  return quoted ? counts : [...counts, count];
}

/** What a delimiter is called in messages. */
export function delimiterName(delimiter: string): string {
  const names: Record<string, string> = {
    ",": "commas",
    "\t": "tabs",
    ";": "semicolons",
    "|": "vertical bars",
  };
  return names[delimiter] ?? JSON.stringify(delimiter);
}
