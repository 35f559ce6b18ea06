import { openToRead } from "../../base/files/open_file.ts";
import {
  DTYPE_BYTES,
  FLOAT_DTYPES,
  floatsFromBytes,
  INTEGER_DTYPES,
  integersFromBytes,
} from "./dtype.ts";
import { shown } from "../../base/shown.ts";
import type { TensorInfo, Weights } from "./safetensors.ts";

/** Values converted at once: bounds the memory that a conversion takes. */
const PIECE = 1 << 20;

/** Opens a file, or says in our words that there is none. */
export async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await openToRead(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot read weights from ${path}: there is no such file`,
    );
  }
}

/** Fills `bytes` from a place in the file; `path` is for messages. */
export function readFully(
  file: Deno.FsFile,
  bytes: Uint8Array,
  { start, path }: { start: number; path: string },
): void {
  // Synchronous, so that two reads of one file never move each other's place.
  file.seekSync(start, Deno.SeekMode.Start);
  for (let done = 0; done < bytes.length;) {
    const n = file.readSync(bytes.subarray(done));
    if (n === null) {
      throw new RangeError(
        `Cannot read ${path}: it ends at byte ${
          start + done
        }, before what its header names; it was cut off`,
      );
    }
    done += n;
  }
}

/** One open file. */
export class SafetensorsFile implements Weights {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  #path: string;
  #file: Deno.FsFile | undefined;

  constructor(
    path: string,
    file: Deno.FsFile,
    header: Pick<Weights, "metadata" | "tensors">,
  ) {
    this.metadata = header.metadata;
    this.tensors = header.tensors;
    this.#path = path;
    this.#file = file;
  }

  // deno-lint-ignore require-await -- a promise, so that other sources may wait
  async read(name: string): Promise<Float32Array> {
    const { dtype, start, end } = this.#find(name, FLOAT_DTYPES);
    const width = DTYPE_BYTES[dtype];
    const out = new Float32Array((end - start) / width);
    if (dtype === "F32") {
      this.#fill(start, new Uint8Array(out.buffer));
      return out;
    }
    const buffer = new Uint8Array(Math.min(out.length, PIECE) * width);
    for (let i = 0; i < out.length; i += PIECE) {
      const part = out.subarray(i, i + PIECE);
      const bytes = buffer.subarray(0, part.length * width);
      this.#fill(start + i * width, bytes);
      floatsFromBytes(dtype, bytes, part);
    }
    return out;
  }

  // deno-lint-ignore require-await -- as read()
  async readIntegers(name: string): Promise<number[]> {
    const { dtype, start, end } = this.#find(name, INTEGER_DTYPES);
    const bytes = new Uint8Array(end - start);
    this.#fill(start, bytes);
    const values = integersFromBytes(dtype, bytes);
    if (values === null) {
      throw new RangeError(
        `Cannot read ${this.#path}: tensor ${
          shown(name)
        } (${dtype}) has a value beyond 2^53`,
      );
    }
    return values;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #find(name: string, dtypes: ReadonlySet<string>): TensorInfo {
    const info = this.tensors.get(name);
    if (info === undefined) throw missingTensor(name, this.#path, this.tensors);
    if (!dtypes.has(info.dtype)) {
      throw new RangeError(
        `Cannot read ${this.#path}: tensor ${
          shown(name)
        } has dtype ${info.dtype}, wanted one of ${[...dtypes].join(", ")}`,
      );
    }
    return info;
  }

  #fill(start: number, bytes: Uint8Array): void {
    if (this.#file === undefined) {
      throw new RangeError(`Cannot read ${this.#path}: it has been closed`);
    }
    readFully(this.#file, bytes, { start, path: this.#path });
  }
}

/** The error for a tensor that is not there. */
export function missingTensor(
  name: string,
  where: string,
  tensors: ReadonlyMap<string, unknown>,
): RangeError {
  const some = [...tensors.keys()].slice(0, 4).map(shown).join(", ");
  return new RangeError(
    `Cannot read ${where}: there is no tensor ${
      shown(name)
    } among its ${tensors.size} (${some}${tensors.size > 4 ? ", …" : ""})`,
  );
}
