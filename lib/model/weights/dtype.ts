import type { SafetensorsDtype } from "./safetensors.ts";

/** Bytes of one value of each type that the format knows and whole bytes hold. */
export const DTYPE_BYTES: Readonly<Record<SafetensorsDtype, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
};

/** Float types that {@linkcode floatsFromBytes} reads. */
export const FLOAT_DTYPES: ReadonlySet<string> = new Set([
  "F64",
  "F32",
  "F16",
  "BF16",
]);

/** Integer types that {@linkcode integersFromBytes} reads. */
export const INTEGER_DTYPES: ReadonlySet<string> = new Set([
  "I64",
  "U64",
  "I32",
  "U32",
  "I16",
  "U16",
  "I8",
  "U8",
  "BOOL",
]);

/**
 * Float32 values of little-endian bytes.
 *
 * @param bytes Whole values; `byteOffset` a multiple of 8.
 * @param out Receives the values, as many as `bytes` holds.
 */
export function floatsFromBytes(
  dtype: string,
  bytes: Uint8Array,
  out: Float32Array,
): void {
  const { buffer, byteOffset } = bytes;
  const count = out.length;
  if (dtype === "F32") out.set(new Float32Array(buffer, byteOffset, count));
  else if (dtype === "F64") {
    out.set(new Float64Array(buffer, byteOffset, count));
  } else if (dtype === "F16") {
    out.set(new Float16Array(buffer, byteOffset, count));
  } else {
    const upper = new Uint16Array(buffer, byteOffset, count);
    const bits = new Uint32Array(out.buffer, out.byteOffset, count);
    // A bfloat16 is the upper half of the float32 of the same value.
    for (let i = 0; i < count; i++) bits[i] = upper[i]! << 16;
  }
}

/** Integers of little-endian bytes; `null` where one is not a safe integer. */
export function integersFromBytes(
  dtype: string,
  bytes: Uint8Array,
): number[] | null {
  const { buffer, byteOffset: at } = bytes;
  const count = bytes.length / DTYPE_BYTES[dtype as SafetensorsDtype];
  switch (dtype) {
    case "I32":
      return [...new Int32Array(buffer, at, count)];
    case "U32":
      return [...new Uint32Array(buffer, at, count)];
    case "I16":
      return [...new Int16Array(buffer, at, count)];
    case "U16":
      return [...new Uint16Array(buffer, at, count)];
    case "I8":
      return [...new Int8Array(buffer, at, count)];
    case "I64":
    case "U64": {
      const wide = dtype === "I64"
        ? new BigInt64Array(buffer, at, count)
        : new BigUint64Array(buffer, at, count);
      const numbers = Array.from(wide, Number);
      return numbers.every(Number.isSafeInteger) ? numbers : null;
    }
    default:
      return [...bytes];
  }
}

/** Little-endian bytes of float32 values in one of the types we write. */
export function bytesFromFloats(
  dtype: "F32" | "BF16" | "F16",
  values: Float32Array,
): Uint8Array {
  if (dtype === "F32") {
    return new Uint8Array(
      values.buffer,
      values.byteOffset,
      values.byteLength,
    );
  }
  if (dtype === "F16") return new Uint8Array(new Float16Array(values).buffer);
  // A copy-free view serves only where the array starts on a 4-byte border,
  // which every Float32Array does.
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const upper = new Uint16Array(values.length);
  for (let i = 0; i < upper.length; i++) {
    const b = bits[i]!;
    upper[i] = (b & 0x7fffffff) > 0x7f800000
      // NaN: keep the sign and the upper payload, and stay NaN where only
      // lower bits were set.
      ? (b >>> 16) | 0x40
      // Round to nearest, ties to even; an overflow carries into infinity.
      : (b + 0x7fff + ((b >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(upper.buffer);
}
