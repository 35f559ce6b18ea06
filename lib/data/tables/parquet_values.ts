import type {
  FileMetaData,
  ParquetParsers,
  SchemaElement,
  SchemaTree,
} from "hyparquet";
import { jsonValue } from "../../base/json_value.ts";

// The library makes floating point of decimals, and replacement characters of
// bytes that aren't UTF-8. So it gets neither as what it is: decimals look like
// plain integers and bytes to it, and what these stand for is seen here.

/** What is left of a decimal, or of text, in what the library gives. */
type Leaf = { scale: number } | "text" | "as it is";

/** Digits after the point that a decimal may have; Arrow's longest has 76. */
const MOST_DIGITS = 128;

/** Says for a column's cell what its numbers and bytes stand for. */
export type CellReader = (cell: unknown) => unknown;

/** A cell whose bytes are no text. */
export class NoText extends Error {}

/** Takes the mark off decimals, so that they come as integers and bytes. */
export function withoutDecimals(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) =>
    isDecimal(element)
      ? { ...element, converted_type: undefined, logical_type: undefined }
      : element
  );
  return { ...metadata, schema };
}

/** How the library reads texts: strictly; what is none stays bytes. */
export function textParsers(decoder: TextDecoder): Partial<ParquetParsers> {
  return {
    stringFromBytes(bytes) {
      if (!bytes) return bytes;
      try {
        return decoder.decode(bytes);
      } catch {
        return bytes;
      }
    },
    jsonFromBytes(bytes) {
      if (!bytes) return bytes;
      let text: string;
      try {
        text = decoder.decode(bytes);
      } catch {
        return bytes;
      }
      return jsonValue(text, { exact: true });
    },
  };
}

/**
 * How a column's cells are read.
 *
 * @returns The reader; it throws a {@linkcode NoText} where bytes are no text.
 */
export function cellReader(
  column: SchemaTree,
  decoder: TextDecoder,
): CellReader {
  // Decoded already: it has types of its own.
  if (column.element.logical_type?.type === "VARIANT") return (cell) => cell;
  if (isList(column)) {
    const middle = column.children[0]!;
    // Some writers leave the middle level out.
    const item = middle.children.length === 1 ? middle.children[0]! : middle;
    return lists(cellReader(item, decoder));
  }
  if (isMap(column)) {
    const values = cellReader(column.children[0]!.children[1]!, decoder);
    return lists((cell) => mapObject(cell, () => values));
  }
  if (column.children.length > 0) {
    const readers = new Map(
      column.children.map((child) =>
        [child.element.name, cellReader(child, decoder)] as const
      ),
    );
    return lists((cell) => mapObject(cell, (key) => readers.get(key)));
  }
  const leaf = leafOf(column.element);
  return lists((value) => readLeaf(value, leaf, decoder));
}

function readLeaf(value: unknown, leaf: Leaf, decoder: TextDecoder): unknown {
  if (typeof leaf === "object") return decimal(value, leaf.scale);
  if (leaf === "as it is" || !(value instanceof Uint8Array)) return value;
  try {
    return decoder.decode(value);
  } catch {
    throw new NoText();
  }
}

/** Lists of any depth are read item by item. */
function lists(read: CellReader): CellReader {
  return function each(cell): unknown {
    return Array.isArray(cell) ? cell.map(each) : read(cell);
  };
}

function mapObject(
  cell: unknown,
  readerOf: (key: string) => CellReader | undefined,
): unknown {
  if (typeof cell !== "object" || cell === null) return cell;
  return Object.fromEntries(
    Object.entries(cell).map((
      [key, value],
    ) => [key, readerOf(key)?.(value) ?? value]),
  );
}

function leafOf(element: SchemaElement): Leaf {
  if (isDecimal(element)) {
    const { logical_type: logical } = element;
    const scale = element.scale ??
      (logical?.type === "DECIMAL" ? logical.scale : 0);
    if (Math.abs(scale) > MOST_DIGITS) {
      throw new Error(`a decimal has ${scale} digits after the point`);
    }
    return { scale };
  }
  return element.type === "BYTE_ARRAY" ? "text" : "as it is";
}

function isDecimal({ converted_type, logical_type }: SchemaElement): boolean {
  return converted_type === "DECIMAL" || logical_type?.type === "DECIMAL";
}

function isList({ element, children }: SchemaTree): boolean {
  return element.converted_type === "LIST" && children.length === 1 &&
    children[0]!.children.length <= 1;
}

function isMap({ element, children }: SchemaTree): boolean {
  return element.converted_type === "MAP" && children.length === 1 &&
    children[0]!.children.length === 2;
}

/** The digits of a decimal: as many after the point as its column has. */
export function decimal(value: unknown, scale: number): unknown {
  const whole = wholeOf(value);
  if (whole === undefined) return value;
  if (scale <= 0) return whole * 10n ** BigInt(-scale);
  const digits = `${whole < 0n ? -whole : whole}`.padStart(scale + 1, "0");
  return `${whole < 0n ? "-" : ""}${digits.slice(0, -scale)}.${
    digits.slice(-scale)
  }`;
}

/** An integer, of a number or of bytes, the highest first. */
function wholeOf(value: unknown): bigint | undefined {
  if (typeof value === "number" || typeof value === "bigint") {
    return BigInt(value);
  }
  if (!(value instanceof Uint8Array)) return undefined;
  const whole = value.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return BigInt.asIntN(value.length * 8, whole);
}
