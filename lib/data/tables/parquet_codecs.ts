import type { Compressors } from "hyparquet";
import { Buffer } from "node:buffer";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/**
 * How pages are decompressed. What the platform can do it does, with a bound on
 * the result; the rest is the library's.
 */
export async function parquetCodecs(): Promise<Compressors> {
  const { compressors } = await import("hyparquet-compressors");
  const { LZ4, LZ4_RAW } = compressors;
  // It looks for a copy behind what is empty, as a column without values is.
  const lz4 = (input: Uint8Array, length: number) =>
    length === 0 ? new Uint8Array(0) : LZ4_RAW!(input, length);
  return {
    ...compressors,
    GZIP: bounded(gunzipSync),
    ZSTD: bounded(zstdDecompressSync),
    LZ4_RAW: lz4,
    // Its search for Hadoop's frames goes in a circle where a length is negative.
    LZ4: (input, length) =>
      hasHadoopFrames(input) ? LZ4!(input, length) : lz4(input, length),
  };
}

function bounded(
  decompress: (input: Buffer, options: { maxOutputLength: number }) => Buffer,
): (input: Uint8Array, length: number) => Uint8Array {
  return (input, length) => {
    const view = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    // The bound must be at least 1.
    const options = { maxOutputLength: Math.max(1, length) };
    return new Uint8Array(decompress(view, options));
  };
}

/** Whether the bytes are frames of two lengths and what the second one counts. */
function hasHadoopFrames(input: Uint8Array): boolean {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let at = 0;
  while (at < input.length - 8) {
    const length = view.getInt32(at + 4);
    if (length < 0) return false;
    at += 8 + length;
  }
  return at === input.length;
}
