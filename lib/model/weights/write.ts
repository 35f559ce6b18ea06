import { bytesFromFloats, DTYPE_BYTES } from "./dtype.ts";
import { shown } from "../../base/shown.ts";
import type { NamedTensor, WriteSafetensorsOptions } from "./safetensors.ts";

/** Values converted at once: bounds the memory that a conversion takes. */
const PIECE = 1 << 20;

/** The 8-byte length and the header of a file with these tensors. */
function headerBytes(
  path: string,
  tensors: readonly NamedTensor[],
  { dtype, metadata }: Required<WriteSafetensorsOptions>,
): Uint8Array {
  const entries: [string, unknown][] = [["__metadata__", metadata]];
  const names = new Set(["__metadata__"]);
  let end = 0;
  for (const { name, shape } of tensors) {
    if (names.has(name)) {
      throw new RangeError(
        `Cannot write ${path}: tensor name ${shown(name)} ${
          name === "__metadata__" ? "is reserved" : "occurs twice"
        }`,
      );
    }
    names.add(name);
    const start = end;
    end += sizeOf(shape) * DTYPE_BYTES[dtype];
    entries.push([name, { dtype, shape, data_offsets: [start, end] }]);
  }
  // Built by hand: an object would reorder names that look like numbers.
  const json = entries.map(([key, value]) =>
    `${JSON.stringify(key)}:${JSON.stringify(value)}`
  ).join(",");
  const text = new TextEncoder().encode(`{${json}}`);
  // Blanks up to a multiple of 8, so that the values lie aligned.
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20, 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

/**
 * The whole file, piece by piece; `path` is for messages. The header is made at
 * once, so that a name that occurs twice is refused before anything is written.
 */
export function fileBytes(
  path: string,
  tensors: readonly NamedTensor[],
  options: Required<WriteSafetensorsOptions>,
): AsyncGenerator<Uint8Array> {
  const header = headerBytes(path, tensors, options);
  return pieces(path, tensors, { header, dtype: options.dtype });
}

async function* pieces(
  path: string,
  tensors: readonly NamedTensor[],
  { header, dtype }:
    & { header: Uint8Array }
    & Pick<Required<WriteSafetensorsOptions>, "dtype">,
): AsyncGenerator<Uint8Array> {
  yield header;
  for (const { name, shape, data } of tensors) {
    const values = typeof data === "function" ? await data() : data;
    if (values.length !== sizeOf(shape)) {
      throw new RangeError(
        `Cannot write ${path}: tensor ${shown(name)} of shape [${
          shape.join(", ")
        }] needs ${sizeOf(shape)} values, got ${values.length}`,
      );
    }
    for (let i = 0; i < values.length; i += PIECE) {
      yield bytesFromFloats(dtype, values.subarray(i, i + PIECE));
    }
  }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
