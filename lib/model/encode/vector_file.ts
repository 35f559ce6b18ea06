/** Bytes of a header, room for any count left in it. */
const LENGTH = 256;

/**
 * The start of a file of float32 vectors, equally long for any number of them:
 * NumPy's format (`.npy`, version 1.0), or safetensors with one tensor.
 *
 * @throws {RangeError} If the path's ending says neither.
 */
export function vectorFileHeader(
  path: string,
  [count, dimension]: readonly [number, number],
): Uint8Array {
  if (path.endsWith(".npy")) return npyHeader(count, dimension);
  if (path.endsWith(".safetensors")) return safetensorsHeader(count, dimension);
  throw new RangeError(
    `Cannot write vectors to ${path}: its name must end in .npy or .safetensors; that says in which format`,
  );
}

function npyHeader(count: number, dimension: number): Uint8Array {
  const bytes = new Uint8Array(LENGTH).fill(0x20);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]); // \x93NUMPY 1.0
  new DataView(bytes.buffer).setUint16(8, LENGTH - 10, true);
  const text =
    `{'descr': '<f4', 'fortran_order': False, 'shape': (${count}, ${dimension}), }`;
  new TextEncoder().encodeInto(text, bytes.subarray(10));
  bytes[LENGTH - 1] = 0x0a;
  return bytes;
}

function safetensorsHeader(count: number, dimension: number): Uint8Array {
  const bytes = new Uint8Array(LENGTH).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(LENGTH - 8), true);
  const text = JSON.stringify({
    embeddings: {
      dtype: "F32",
      shape: [count, dimension],
      data_offsets: [0, 4 * count * dimension],
    },
  });
  new TextEncoder().encodeInto(text, bytes.subarray(8));
  return bytes;
}
