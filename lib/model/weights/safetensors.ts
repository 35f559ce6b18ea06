import { join } from "node:path";
import { writeWhole } from "../../base/files/write_whole.ts";
import { INDEX, planShards, readIndex, ShardedWeights } from "./sharded.ts";
import { headerLength, parseHeader } from "./header.ts";
import { openFile, readFully, SafetensorsFile } from "./file.ts";
import { fileBytes } from "./write.ts";
import { otherWeights } from "./other_weights.ts";
import { isFile } from "../../base/files/exists.ts";
import { readText } from "../../base/files/read_text.ts";

/** Value types of the format (those that whole bytes hold). */
export type SafetensorsDtype =
  | "BOOL"
  | "U8"
  | "I8"
  | "F8_E4M3"
  | "F8_E5M2"
  | "I16"
  | "U16"
  | "F16"
  | "BF16"
  | "I32"
  | "U32"
  | "F32"
  | "I64"
  | "U64"
  | "F64";

/** Where a tensor lies in its file. */
export interface TensorInfo {
  /** Type of the stored values. */
  dtype: SafetensorsDtype;
  /** Sizes of the axes, row-major; `[]` for a single value. */
  shape: number[];
  /** First byte, counted from the start of the file. */
  start: number;
  /** One past the last byte, counted from the start of the file. */
  end: number;
}

/** Named tensors on disk, in one file or in several. */
export interface Weights extends Disposable {
  /** Text that the writer of the file left, e.g. `{ format: "pt" }`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Name → type, shape and place of each tensor. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /**
   * Reads one tensor of type F32, F16, BF16 or F64 as float32, row-major (F64
   * is rounded; the others are exact). Only its range of the file is read.
   *
   * @throws {RangeError} If the name is unknown, the type is not a float type
   * of 16 bits or more, or the file has become shorter.
   */
  read(name: string): Promise<Float32Array>;
  /**
   * Reads one tensor of an integer type or BOOL (as 0 and 1), row-major.
   *
   * @throws {RangeError} If the name is unknown, the type is a float type, or
   * a value is beyond 2^53.
   */
  readIntegers(name: string): Promise<number[]>;
  /** Closes the files; more calls do nothing. */
  close(): void;
}

/** One tensor to write. */
export interface NamedTensor {
  /** Name, unique in the file. */
  name: string;
  /** Sizes of the axes; their product is the number of values. */
  shape: readonly number[];
  /**
   * The values, row-major; or a function that gives them when their turn
   * comes, so that a large model is fetched from its device piece by piece.
   */
  data: Float32Array | (() => Float32Array | Promise<Float32Array>);
}

/** Options for {@linkcode writeSafetensors}. */
export interface WriteSafetensorsOptions {
  /**
   * Type of the values on disk. BF16 and F16 round to nearest, ties to even.
   * @default {"F32"}
   */
  dtype?: "F32" | "BF16" | "F16";
  /**
   * Text kept in the header. transformers refuses a file without `format`.
   * @default {{ format: "pt" }}
   */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * Opens a safetensors file: reads and checks the header, leaves the values on
 * disk until {@linkcode Weights.read} asks for them.
 *
 * @param path A `.safetensors` file.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {SyntaxError} If the header is malformed.
 * @throws {RangeError} If shapes, ranges and the file's length disagree.
 *
 * @example Usage
 * ```ts
 * import { openSafetensors, writeSafetensors } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/model.safetensors`;
 * await writeSafetensors(path, [
 *   { name: "w", shape: [2, 1], data: Float32Array.of(1, 2) },
 * ]);
 * using weights = await openSafetensors(path);
 * assert.deepEqual(weights.tensors.get("w")!.shape, [2, 1]);
 * assert.deepEqual([...await weights.read("w")], [1, 2]);
 * ```
 */
export async function openSafetensors(path: string): Promise<Weights> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const prefix = new Uint8Array(Math.min(8, size));
    readFully(file, prefix, { start: 0, path });
    const bytes = new Uint8Array(headerLength(prefix, size, path));
    readFully(file, bytes, { start: 8, path });
    return new SafetensorsFile(path, file, parseHeader(bytes, size, path));
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Writes tensors to a safetensors file that appears only when whole. Values go
 * out in pieces, so little more than the tensor at hand is in memory.
 *
 * @param path File to write; missing folders are made.
 * @param tensors The tensors, in the order in which they shall lie in the file.
 * @param options Type of the values, and text for the header.
 * @throws {RangeError} If a name occurs twice, or values and shape disagree.
 *
 * @example Usage
 * ```ts
 * import { openSafetensors, writeSafetensors } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/half.safetensors`;
 * const data = Float32Array.of(0.5, 1 / 3);
 * await writeSafetensors(path, [{ name: "w", shape: [2], data }], {
 *   dtype: "BF16",
 * });
 * using weights = await openSafetensors(path);
 * assert.deepEqual([...await weights.read("w")], [0.5, 0.333984375]);
 * ```
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<NamedTensor>,
  { dtype = "F32", metadata = { format: "pt" } }: WriteSafetensorsOptions = {},
): Promise<void> {
  const list = [...tensors];
  await writeWhole(path, fileBytes(path, list, { dtype, metadata }));
}

/**
 * Opens the weights of a Hugging Face folder: `model.safetensors`, or the
 * shards that `model.safetensors.index.json` names, seen as one.
 *
 * @param folder Folder of a checkpoint.
 * @throws {Deno.errors.NotFound} If the folder has neither file, or lacks a
 * shard.
 * @throws {SyntaxError} If the index or a header is malformed, or a shard's
 * name leads out of the folder.
 * @throws {RangeError} If a header disagrees with its file, or a shard lacks a
 * tensor that the index puts there.
 *
 * @example Usage
 * ```ts
 * import { openWeights, writeSafetensors } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await writeSafetensors(`${folder}/model.safetensors`, [
 *   { name: "w", shape: [], data: Float32Array.of(7) },
 * ]);
 * using weights = await openWeights(folder);
 * assert.deepEqual([...weights.tensors.keys()], ["w"]);
 * ```
 */
export async function openWeights(folder: string): Promise<Weights> {
  const single = join(folder, "model.safetensors");
  if (await isFile(single)) return await openSafetensors(single);
  const index = join(folder, INDEX);
  if (!await isFile(index)) {
    throw new Deno.errors.NotFound(
      `Cannot read weights from ${folder}: it must have model.safetensors or model.safetensors.index.json${await otherWeights(
        folder,
      )}`,
    );
  }
  const shardOf = readIndex(
    await readText(index, `Cannot read ${index}: no file`),
    index,
  );
  const shards = new Map<string, Weights>();
  try {
    for (const shard of new Set(shardOf.values())) {
      shards.set(shard, await openSafetensors(join(folder, shard)));
    }
    return new ShardedWeights(index, shardOf, shards);
  } catch (error) {
    for (const shard of shards.values()) shard.close();
    throw error;
  }
}

/** Options for {@linkcode writeWeights}. */
export interface WriteWeightsOptions extends WriteSafetensorsOptions {
  /** Most bytes of values in a file; a tensor is never split. @default {5e9} */
  maxShardBytes?: number;
}

/**
 * Writes the weights of a Hugging Face folder: `model.safetensors`, or shards
 * with an index if they don't fit in one file. Weights that were there in the
 * other layout are removed, as a reader would take those.
 *
 * @param folder Folder of a checkpoint; made if it is missing.
 * @param tensors The tensors, in the order in which they shall lie on disk.
 * @param options Type of the values; size of a file.
 * @throws {RangeError} As {@linkcode writeSafetensors}, or if the size is not
 * greater than 0.
 *
 * @example Usage
 * ```ts
 * import { openWeights, writeWeights } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await writeWeights(folder, [
 *   { name: "a", shape: [2], data: Float32Array.of(1, 2) },
 *   { name: "b", shape: [2], data: Float32Array.of(3, 4) },
 * ], { maxShardBytes: 8 });
 * using weights = await openWeights(folder);
 * assert.deepEqual([...await weights.read("b")], [3, 4]);
 * ```
 */
export async function writeWeights(
  folder: string,
  tensors: Iterable<NamedTensor>,
  { maxShardBytes = 5e9, ...options }: WriteWeightsOptions = {},
): Promise<void> {
  if (!(maxShardBytes > 0)) {
    throw new RangeError(
      `Cannot write ${folder}: maxShardBytes must be a number > 0: got ${maxShardBytes}`,
    );
  }
  const { shards, index } = planShards([...tensors], {
    maxShardBytes,
    dtype: options.dtype ?? "F32",
  });
  for (const [name, list] of shards) {
    await writeSafetensors(join(folder, name), list, options);
  }
  const indexPath = join(folder, INDEX);
  if (index) {
    await writeWhole(indexPath, `${JSON.stringify(index, null, 2)}\n`);
  }
  for await (const { name, isFile } of Deno.readDir(folder)) {
    const stale = name === INDEX
      ? !index
      : /^model(-\d{5}-of-\d{5})?\.safetensors$/.test(name) &&
        !shards.has(name);
    if (isFile && stale) await Deno.remove(join(folder, name));
  }
}
