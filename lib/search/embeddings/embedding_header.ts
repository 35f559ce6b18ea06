import { openToRead } from "../../base/files/open_file.ts";
import type { EmbeddingSource } from "./write_embeddings.ts";
import { jsonValue } from "../../base/json_value.ts";
import { bytesPerVector } from "../quantised/precision.ts";

/**
 * How the values of stored vectors are kept: as numbers, in 256 steps of their
 * component's range, or a bit each.
 */
export type StoredDtype = "f32" | "bf16" | "int8" | "binary";

/** What the head of an embedding file says. */
export interface EmbeddingHeader {
  count: number;
  dimension: number;
  dtype: StoredDtype;
  source: EmbeddingSource;
  /** Bytes of the ids, which come last. */
  idBytes: number;
}

/** Form of the file, in its metadata. */
const FORMAT = "tdro-embeddings/1";

/** Type of the tensor by how values are kept. */
const TENSOR_TYPE = { f32: "F32", bf16: "BF16", int8: "I8", binary: "I8" };

/** Bytes of a vector. */
export function rowBytes(
  { dimension, dtype }: Pick<EmbeddingHeader, "dimension" | "dtype">,
): number {
  switch (dtype) {
    case "f32":
      return 4 * dimension;
    case "bf16":
      return 2 * dimension;
    default:
      return bytesPerVector(dimension, dtype);
  }
}

/** Bytes of the ranges, which come first: two numbers a component of 8 bits. */
export function rangeBytes(
  { dimension, dtype }: Pick<EmbeddingHeader, "dimension" | "dtype">,
): number {
  return dtype === "int8" ? 8 * dimension : 0;
}

/** The head of a safetensors file: length, then JSON, filled up to 8 bytes. */
export function headerBytes(header: EmbeddingHeader): Uint8Array {
  const { count, dimension, dtype, source, idBytes } = header;
  const start = rangeBytes(header);
  const end = start + count * rowBytes(header);
  const width = dtype === "binary" ? rowBytes(header) : dimension;
  const small = dtype === "int8" || dtype === "binary";
  const json = JSON.stringify({
    __metadata__: {
      format: FORMAT,
      model: source.model,
      data: source.data,
      // Texts, as all metadata of safetensors are.
      precision: small ? dtype : undefined,
      dimension: small ? `${dimension}` : undefined,
    },
    ranges: start === 0
      ? undefined
      : { dtype: "F32", shape: [2, dimension], data_offsets: [0, start] },
    embeddings: {
      dtype: TENSOR_TYPE[dtype],
      shape: [count, width],
      data_offsets: [start, end],
    },
    ids: { dtype: "U8", shape: [idBytes], data_offsets: [end, end + idBytes] },
  });
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

/** Reads and checks the head. */
export async function readHeader(
  path: string,
): Promise<{ header: EmbeddingHeader; start: number }> {
  let file: Deno.FsFile;
  try {
    file = await openToRead(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`Cannot open embeddings: no file ${path}`);
  }
  using open = file;
  const { size } = await open.stat();
  const head = new Uint8Array(8);
  await open.read(head);
  const length = Number(new DataView(head.buffer).getBigUint64(0, true));
  if (size < 8 || length > size - 8) throw malformed(path);
  const text = new Uint8Array(length);
  for (let got = 0; got < length;) {
    got += await open.read(text.subarray(got)) ?? length;
  }
  const header = parse(text);
  if (!header) throw malformed(path);
  const bytes = rangeBytes(header) + header.count * rowBytes(header);
  if (size !== 8 + length + bytes + header.idBytes) throw malformed(path);
  return { header, start: 8 + length };
}

/** A replaced byte could make two ids one. */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function parse(bytes: Uint8Array): EmbeddingHeader | undefined {
  try {
    const { __metadata__: meta, embeddings, ids } = JSON.parse(
      strict.decode(bytes),
    );
    const [count, width] = embeddings.shape;
    const dtype = dtypeOf(embeddings.dtype, meta.precision);
    const dimension = meta.precision === undefined
      ? width
      : Number(meta.dimension);
    const whole = [count, dimension, ids.shape[0]].every((n) =>
      Number.isSafeInteger(n) && n >= 0
    );
    if (meta.format !== FORMAT || !dtype || !whole) return;
    const source = { model: String(meta.model), data: String(meta.data) };
    return { count, dimension, dtype, source, idBytes: ids.shape[0] };
  } catch {
    return;
  }
}

function dtypeOf(tensor: unknown, precision: unknown): StoredDtype | undefined {
  if (tensor === "I8") {
    return precision === "int8" || precision === "binary"
      ? precision
      : undefined;
  }
  if (precision !== undefined) return;
  return tensor === "F32" ? "f32" : tensor === "BF16" ? "bf16" : undefined;
}

function malformed(path: string): SyntaxError {
  return new SyntaxError(
    `Cannot open embeddings: ${path} must be a file that writeEmbeddings() wrote, whole; write it anew`,
  );
}

/** The ids, which stand at the end as a JSON list. */
export function idsFrom(
  bytes: Uint8Array,
  count: number,
  path: string,
): string[] {
  try {
    const ids = jsonValue(strict.decode(bytes));
    if (Array.isArray(ids) && ids.length === count) return ids;
  } catch {
    // Said below.
  }
  throw malformed(path);
}
