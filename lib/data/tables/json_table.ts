import { z } from "zod";
import { LONGEST_LINE } from "../beir/read_lines.ts";
import { named } from "../../base/named.ts";
import { jsonValue } from "../../base/json_value.ts";
import { notUtf8, toUtf8 } from "../../base/files/encodings.ts";
import { readUnpacked, unpackedBytes } from "../../base/files/unpacked.ts";
import { columnsOf } from "./columns_of.ts";
import { SAY_IT } from "./csv_format.ts";
import { allColumns, openJsonl } from "./jsonl_table.ts";
import { listElements } from "./list_elements.ts";
import type { ReadTableOptions } from "./read_options.ts";
import type { Table, TableRow } from "./table.ts";

/**
 * Opens JSON, whatever its name says: a list of objects, an object on each line,
 * or a list under `data`.
 */
export async function openJson(
  path: string,
  options: ReadTableOptions = {},
): Promise<Table> {
  const form = await formOf(path, options);
  if (form === "lines") return await openJsonl(path, options);
  return form === "list"
    ? await openList(path, options)
    : await openDocument(path, options);
}

/** How a file's objects are written; its first line tells. */
async function formOf(
  path: string,
  { encoding }: ReadTableOptions,
): Promise<"lines" | "list" | "document"> {
  const isLines = /\.(jsonl|ndjson)(\.\w+)?$/i.test(path);
  // The rest of an object's line decides only where lines aren't expected.
  const most = isLines ? HEAD : LONGEST_LINE;
  const { text, whole, more } = await firstLine(path, { encoding, most });
  if (text.startsWith("[")) {
    // Lines may be lists, too: what is wrong with them is said line by line.
    return isLines && !/^\[\s*(\{|$)/.test(text) ? "lines" : "list";
  }
  if (isLines || !text.startsWith("{")) return isLines ? "lines" : "document";
  return whole && isRow(text, more) ? "lines" : "document";
}

interface FirstLine {
  /** The line, or its beginning. */
  text: string;
  /** Whether it's all of the line. */
  whole: boolean;
  /** Whether another line follows that isn't blank. */
  more: boolean;
}

/** The first line that isn't blank, decoded as well as can be. */
async function firstLine(
  path: string,
  { encoding, most }: { encoding: string | undefined; most: number },
): Promise<FirstLine> {
  const bytes = unpackedBytes(path);
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let size = 0;
  let ended = false;
  for await (
    const chunk of encoding ? toUtf8(bytes, encoding, path) : bytes
  ) {
    let piece = decoder.decode(chunk, { stream: true });
    if (size === 0) piece = piece.trimStart();
    if (size === 0 && piece === "") continue;
    if (!ended) {
      const end = piece.indexOf("\n");
      ended = end >= 0;
      parts.push(ended ? piece.slice(0, end) : piece);
      size += parts.at(-1)!.length;
      piece = ended ? piece.slice(end) : "";
    }
    if (piece.trim() !== "") {
      return { text: parts.join(""), whole: true, more: true };
    }
    const isList = parts[0]!.startsWith("[");
    if (size > (isList ? HEAD : most)) {
      return { text: parts.join(""), whole: false, more: true };
    }
  }
  return { text: parts.join(""), whole: true, more: false };
}

/** Characters of a list that tell what is in it. */
const HEAD = 1 << 10;

/** Whether a line is an object, and no document with its rows under `data`. */
function isRow(text: string, more: boolean): boolean {
  try {
    const { data } = jsonValue(text) as { data?: unknown };
    return more || !Array.isArray(data);
  } catch {
    return false;
  }
}

async function openList(
  path: string,
  { encoding }: ReadTableOptions,
): Promise<Table> {
  const rows = () => listRows(path, encoding);
  return { source: path, columns: await allColumns(rows()), rows };
}

async function* listRows(
  path: string,
  encoding: string | undefined,
): AsyncGenerator<TableRow> {
  const bytes = unpackedBytes(path);
  const utf8 = encoding ? toUtf8(bytes, encoding, path) : bytes;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let number = 0;
  try {
    for await (const element of listElements(utf8)) {
      const where = `${path}: row ${++number}`;
      let text: string;
      try {
        text = decoder.decode(element);
      } catch {
        throw notUtf8(element, { where, what: "row", mend: SAY_IT });
      }
      yield { where, cells: objectOf(text, where) };
    }
  } catch (error) {
    // What the list itself lacks comes as a plain error.
    if ((error as Error).constructor !== Error) throw error;
    throw new SyntaxError(
      `Cannot read ${path} as a table: ${(error as Error).message}`,
    );
  }
}

function objectOf(text: string, where: string): Record<string, unknown> {
  try {
    return jsonValue(text, { exact: true }) as Record<string, unknown>;
  } catch (error) {
    throw new SyntaxError(
      `${where}: Cannot read the row as JSON: ${(error as Error).message}`,
    );
  }
}

const objects = z.array(named(z.unknown()));

/** The form of the data sets library: {"data": […]}; it is read as a whole. */
async function openDocument(
  path: string,
  { encoding }: ReadTableOptions,
): Promise<Table> {
  const text = await readUnpacked(path, { encoding, mend: SAY_IT });
  let value: unknown;
  try {
    value = jsonValue(text, { exact: true });
  } catch (error) {
    throw new SyntaxError(
      `Cannot read ${path} as JSON: ${
        (error as Error).message
      }; it must be a list of objects, or an object on each line`,
    );
  }
  const list = (value as { data?: unknown } | null)?.data ?? value;
  const rows = objects.safeParse(list);
  if (!rows.success) {
    throw new SyntaxError(
      `Cannot read ${path} as a table: it must be a list of objects, or an object on each line`,
    );
  }
  return {
    source: path,
    columns: columnsOf(rows.data),
    async *rows() {
      let number = 0;
      for (const cells of rows.data) {
        yield { where: `${path}: row ${++number}`, cells };
      }
    },
  };
}
