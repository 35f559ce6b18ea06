import { duplicateKey } from "../../base/json_keys.ts";
import { shown } from "../../base/shown.ts";
import { DTYPE_BYTES } from "./dtype.ts";
import type { SafetensorsDtype, TensorInfo } from "./safetensors.ts";
import { jsonValue } from "../../base/json_value.ts";

/** The reference reader refuses longer headers too. */
const MAX_HEADER_BYTES = 100_000_000;

/** What a header says. */
export interface Header {
  metadata: Record<string, string>;
  tensors: Map<string, TensorInfo>;
}

/**
 * Length of the header, checked against the file before anything of that size
 * is allocated.
 *
 * @param prefix The first 8 bytes of the file (fewer if it is shorter).
 */
export function headerLength(
  prefix: Uint8Array,
  fileSize: number,
  path: string,
): number {
  if (prefix.length < 8) {
    throw new SyntaxError(
      `Cannot read ${path}: a safetensors file begins with 8 bytes of header length, this one has ${prefix.length} bytes in all`,
    );
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8)
    .getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES) || Number(length) > fileSize - 8) {
    throw new SyntaxError(
      `Cannot read ${path}: its header says it is ${length} bytes long, in a file of ${fileSize} bytes (at most ${MAX_HEADER_BYTES} are allowed); it is cut off, or no safetensors file`,
    );
  }
  return Number(length);
}

/**
 * Reads and checks a header as strictly as the reference library: known types,
 * sizes that fit the shapes, and ranges that tile the rest of the file.
 */
export function parseHeader(
  bytes: Uint8Array,
  fileSize: number,
  path: string,
): Header {
  const json = parseJson(bytes, path);
  const dataStart = 8 + bytes.length;
  const header: Header = { metadata: {}, tensors: new Map() };
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") header.metadata = parseMetadata(value, path);
    else {
      header.tensors.set(name, parseEntry(name, value, { dataStart, path }));
    }
  }
  checkTiling(header.tensors, { dataStart, fileSize, path });
  return header;
}

function parseJson(bytes: Uint8Array, path: string): Record<string, unknown> {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
    json = jsonValue(text);
  } catch {
    throw new SyntaxError(
      `Cannot read ${path}: its header is not JSON in UTF-8, or nested too deeply; it is damaged, or no safetensors file`,
    );
  }
  if (!isObject(json)) {
    throw new SyntaxError(
      `Cannot read ${path}: its header must be a JSON object, not ${
        shown(json)
      }`,
    );
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) {
    throw new SyntaxError(
      `Cannot read ${path}: its header has the key ${shown(twice)} twice`,
    );
  }
  return json;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseMetadata(value: unknown, path: string): Record<string, string> {
  if (
    !isObject(value) ||
    !Object.values(value).every((v) => typeof v === "string")
  ) {
    throw new SyntaxError(
      `Cannot read ${path}: __metadata__ must map text to text, not ${
        shown(value)
      }`,
    );
  }
  return value as Record<string, string>;
}

function parseEntry(
  name: string,
  entry: unknown,
  { dataStart, path }: { dataStart: number; path: string },
): TensorInfo {
  const at = `Cannot read ${path}: tensor ${shown(name)}`;
  if (!isObject(entry)) {
    throw new SyntaxError(
      `${at}: want {dtype, shape, data_offsets}, found ${shown(entry)}`,
    );
  }
  const { dtype, shape, data_offsets: range } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    throw new SyntaxError(
      `${at}: dtype must be one of ${
        Object.keys(DTYPE_BYTES).join(", ")
      }: got ${shown(dtype)}`,
    );
  }
  if (!isCounts(shape)) {
    throw new SyntaxError(
      `${at}: shape must be a list of integers >= 0: got ${shown(shape)}`,
    );
  }
  if (!isCounts(range) || range.length !== 2 || range[0]! > range[1]!) {
    throw new SyntaxError(
      `${at}: data_offsets must be [begin, end] with begin <= end: got ${
        shown(range)
      }`,
    );
  }
  const want = shape.reduce(
    (product, n) => product * n,
    DTYPE_BYTES[dtype as SafetensorsDtype],
  );
  const has = range[1]! - range[0]!;
  if (want !== has) {
    throw new RangeError(
      `${at}: ${dtype} of shape [${
        shown(shape).slice(1, -1)
      }] needs ${want} bytes, but its range has ${has}`,
    );
  }
  return {
    dtype: dtype as SafetensorsDtype,
    shape,
    start: dataStart + range[0]!,
    end: dataStart + range[1]!,
  };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) &&
    value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** Ranges must follow each other without gap or overlap up to the file's end. */
function checkTiling(
  tensors: ReadonlyMap<string, TensorInfo>,
  { dataStart, fileSize, path }: {
    dataStart: number;
    fileSize: number;
    path: string;
  },
): void {
  const inOrder = [...tensors].sort(([, a], [, b]) =>
    a.start - b.start || a.end - b.end
  );
  let end = dataStart;
  for (const [name, info] of inOrder) {
    if (info.end > fileSize) {
      throw new RangeError(
        `Cannot read ${path}: tensor ${
          shown(name)
        } ends at byte ${info.end} of a file of ${fileSize} bytes; the file is cut off`,
      );
    }
    if (info.start !== end) {
      throw new RangeError(
        `Cannot read ${path}: tensor ${
          shown(name)
        } begins at byte ${info.start}, ${
          info.start < end ? "inside the tensor before it" : "after a gap"
        }, which ends at byte ${end}`,
      );
    }
    end = info.end;
  }
  if (end !== fileSize) {
    throw new RangeError(
      `Cannot read ${path}: its tensors end at byte ${end}, the file at byte ${fileSize}`,
    );
  }
}
