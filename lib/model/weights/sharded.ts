import { parseJson } from "../../base/files/json_file.ts";
import { duplicateKey } from "../../base/json_keys.ts";
import { missingTensor } from "./file.ts";
import { shown } from "../../base/shown.ts";
import { DTYPE_BYTES } from "./dtype.ts";
import type { NamedTensor, TensorInfo, Weights } from "./safetensors.ts";

/** Name of the file that says which shard has which tensor. */
export const INDEX = "model.safetensors.index.json";

/** Which tensors go to which file, and the index if there are several. */
export function planShards(
  tensors: readonly NamedTensor[],
  { dtype, maxShardBytes }: {
    dtype: "F32" | "BF16" | "F16";
    maxShardBytes: number;
  },
): { shards: Map<string, NamedTensor[]>; index?: unknown } {
  const bytesOf = ({ shape }: NamedTensor) =>
    shape.reduce((n, size) => n * size, DTYPE_BYTES[dtype]);
  const lists: NamedTensor[][] = [[]];
  let [room, total] = [maxShardBytes, 0];
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor);
    if (bytes > room && lists.at(-1)!.length > 0) {
      lists.push([]);
      room = maxShardBytes;
    }
    lists.at(-1)!.push(tensor);
    room -= bytes;
    total += bytes;
  }
  if (lists.length === 1) {
    return { shards: new Map([["model.safetensors", lists[0]!]]) };
  }
  const five = (n: number) => `${n}`.padStart(5, "0");
  const shards = new Map(
    lists.map((list, i) => [
      `model-${five(i + 1)}-of-${five(lists.length)}.safetensors`,
      list,
    ]),
  );
  return {
    shards,
    index: {
      metadata: { total_size: total },
      weight_map: Object.fromEntries(
        [...shards].flatMap(([shard, list]) =>
          list.map(({ name }) => [name, shard])
        ),
      ),
    },
  };
}

/**
 * Reads `model.safetensors.index.json`: tensor name → name of its shard. A
 * shard must be a plain file name, so that an index from elsewhere can't make
 * us open files outside its folder.
 */
export function readIndex(text: string, path: string): Map<string, string> {
  const json = parseJson(text, path);
  const map = (json as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new SyntaxError(
      `Cannot read ${path}: weight_map must map tensor names to file names: got ${
        shown(map)
      }`,
    );
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) {
    throw new SyntaxError(
      `Cannot read ${path}: it has the key ${shown(twice)} twice`,
    );
  }
  for (const [name, shard] of Object.entries(map)) {
    if (
      typeof shard !== "string" ||
      !/^[\w-][\w.-]{0,200}\.safetensors$/.test(shard)
    ) {
      throw new SyntaxError(
        `Cannot read ${path}: tensor ${
          shown(name)
        } must lie in a .safetensors file of the same folder: got ${
          shown(shard)
        }`,
      );
    }
  }
  return new Map(Object.entries(map));
}

/** Several files seen as one. */
export class ShardedWeights implements Weights {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  #path: string;
  #shardOf: ReadonlyMap<string, string>;
  #shards: ReadonlyMap<string, Weights>;

  constructor(
    path: string,
    shardOf: ReadonlyMap<string, string>,
    shards: ReadonlyMap<string, Weights>,
  ) {
    this.#path = path;
    this.#shardOf = shardOf;
    this.#shards = shards;
    const metadata = {};
    for (const shard of shards.values()) {
      Object.assign(metadata, shard.metadata);
    }
    this.metadata = metadata;
    const tensors = new Map<string, TensorInfo>();
    for (const [name, shard] of shardOf) {
      const info = shards.get(shard)!.tensors.get(name);
      if (info === undefined) {
        throw new RangeError(
          `Cannot read ${path}: it puts tensor ${
            shown(name)
          } in ${shard}, which lacks it`,
        );
      }
      tensors.set(name, info);
    }
    this.tensors = tensors;
  }

  async read(name: string): Promise<Float32Array> {
    return await this.#find(name).read(name);
  }

  async readIntegers(name: string): Promise<number[]> {
    return await this.#find(name).readIntegers(name);
  }

  close(): void {
    for (const shard of this.#shards.values()) shard.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #find(name: string): Weights {
    const shard = this.#shardOf.get(name);
    if (shard === undefined) {
      throw missingTensor(name, this.#path, this.tensors);
    }
    return this.#shards.get(shard)!;
  }
}
