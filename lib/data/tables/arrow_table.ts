import { readBytes } from "../../base/files/open_file.ts";
import type {
  Batch,
  Column,
  DataType,
  Table as Arrow,
} from "@uwdata/flechette";
import { decoderOf } from "../../base/files/encodings.ts";
import { printable } from "../../base/printable.ts";
import { checkArrow } from "./check_arrow.ts";
import { classesInMetadata } from "./class_names.ts";
import { decimal } from "./parquet_values.ts";
import type { ReadTableOptions } from "./read_options.ts";
import type { Table, TableRow } from "./table.ts";

/** Arrow's types by their ids, those that need care here. */
const BINARY = [4, 19];
const UTF8 = [5, 20];
const DECIMAL = 7;
const DICTIONARY = -1;
const STRUCT = 13;
const FIXED_SIZE_LIST = 16;
/** Of any length: lists, large ones, maps, and the two kinds of views. */
const LISTS = [12, 21, 17, 25, 26];

/**
 * Opens an Arrow file, as `save_to_disk` of the data sets library writes it (the
 * form of streams), or of the form with an index. It is read as a whole: data sets
 * are written in files of at most 500 MB.
 */
export async function openArrow(
  path: string,
  { encoding = "utf-8" }: ReadTableOptions = {},
): Promise<Table> {
  const arrow = await readArrow(path);
  const columns = arrow.schema.fields.map(({ name }) => name);
  return {
    source: path,
    columns,
    classes: classesInMetadata(arrow.schema.metadata?.get("huggingface")),
    rows: (wanted) =>
      readRows(arrow, { path, wanted: wanted ?? columns, encoding }),
  };
}

async function readArrow(path: string): Promise<Arrow> {
  const { tableFromIPC } = await import("@uwdata/flechette");
  const bytes = await readBytes(path);
  try {
    checkArrow(bytes);
    return tableFromIPC(bytes, {
      useBigInt: true,
      useDate: true,
      useDecimalInt: true,
    });
  } catch (error) {
    throw damaged(path, error as Error);
  }
}

function damaged(path: string, error: Error): SyntaxError {
  // The engine's own errors tell of the library's inner life.
  const told = error.constructor === Error
    ? printable(error.message)
    : "its structure is damaged";
  return new SyntaxError(
    `Cannot read ${path} as Arrow: ${told}; is the file whole, and not compressed?`,
  );
}

async function* readRows(
  arrow: Arrow,
  { path, wanted, encoding }: {
    path: string;
    wanted: readonly string[];
    encoding: string;
  },
): AsyncGenerator<TableRow> {
  const decoder = decoderOf(encoding);
  const columns = wanted.map((name) => {
    const column = arrow.getChild(name)!;
    if (!column.data.every(hasItsItems)) {
      throw damaged(
        path,
        new Error(`lists of ${name} lead out of their values`),
      );
    }
    checkTexts(column, { path, name });
    return { name, column, read: cellReader(column.type, decoder) };
  });
  for (let i = 0; i < arrow.numRows; i++) {
    const where = `${path}: row ${i + 1}`;
    const cells = columns.map(({ name, column, read }) => {
      try {
        return [name, read(column.at(i))] as const;
      } catch {
        throw new SyntaxError(
          `${where}: Cannot read column ${
            JSON.stringify(name)
          }: its bytes aren't ${decoder.encoding.toUpperCase()}, or damaged`,
        );
      }
    });
    yield { where, cells: Object.fromEntries(cells) };
  }
}

/** What of a type's values isn't as tables have it, is made so. */
function cellReader(
  type: DataType,
  decoder: TextDecoder,
): (cell: unknown) => unknown {
  const { typeId } = type;
  if (type.typeId === DICTIONARY) return cellReader(type.dictionary, decoder);
  if (type.typeId === DECIMAL) return (cell) => decimal(cell, type.scale);
  if (BINARY.includes(typeId)) {
    return (cell) => cell instanceof Uint8Array ? decoder.decode(cell) : cell;
  }
  const children = "children" in type ? type.children : [];
  const readers = children.map((child) => cellReader(child.type, decoder));
  if (typeId === STRUCT) {
    const keys = children.map(({ name }, i) => [name, readers[i]!] as const);
    return (cell) =>
      typeof cell !== "object" || cell === null ? cell : Object.fromEntries(
        keys.map((
          [key, read],
        ) => [key, read((cell as Record<string, unknown>)[key])]),
      );
  }
  const [item, other] = readers;
  if (!item || other) return (cell) => cell;
  // Lists of numbers come as typed arrays.
  return (cell) =>
    cell === null || cell === undefined
      ? cell
      : Array.from(cell as Iterable<unknown>, item);
}

/** Whether lists end where their values do: the library makes up what is missing. */
function hasItsItems(batch: Batch<unknown>): boolean {
  const { type, length, offsets, sizes, children = [] } = batch as {
    type: DataType;
    length: number;
    offsets?: ArrayLike<number | bigint>;
    sizes?: ArrayLike<number | bigint>;
    children?: Batch<unknown>[];
  };
  if (!children.every(hasItsItems)) return false;
  const there = children[0]?.length ?? 0;
  if (type.typeId === FIXED_SIZE_LIST) return length * type.stride <= there;
  if (!LISTS.includes(type.typeId) || !offsets) return true;
  for (let i = 0; i < length; i++) {
    const start = Number(offsets[i] ?? NaN);
    const end = sizes
      ? start + Number(sizes[i] ?? NaN)
      : Number(offsets[i + 1] ?? NaN);
    if (!(0 <= start && start <= end && end <= there)) return false;
  }
  return true;
}

/** The library would put U+FFFD for bytes that are no UTF-8. */
function checkTexts(
  column: Column<unknown>,
  { path, name }: { path: string; name: string },
): void {
  try {
    for (const batch of column.data) checkBatch(batch);
  } catch {
    throw new SyntaxError(
      `Cannot read ${path} as Arrow: texts of column ${
        JSON.stringify(name)
      } aren't UTF-8`,
    );
  }
}

const strict = new TextDecoder("utf-8", { fatal: true });

function checkBatch(batch: Batch<unknown>): void {
  const { type, values, offsets, children = [] } = batch as {
    type: DataType;
    values?: Uint8Array;
    offsets?: ArrayLike<number | bigint>;
    children?: Batch<unknown>[];
  };
  if (UTF8.includes(type.typeId) && values && offsets) {
    strict.decode(values.subarray(
      Number(offsets[0] ?? 0),
      Number(offsets[batch.length] ?? 0),
    ));
  }
  for (const child of children) checkBatch(child);
}
