import { join } from "node:path";
import { loadTokenizer } from "../../../lib/model/mod.ts";
import { batchesOf, onnxWeb } from "../_onnx_web.ts";
import type { Work } from "../_work.ts";

/**
 * A peer of our `wasm` backend: onnxruntime-web (WebAssembly) encodes what
 * `encode_onnx_f32` has written. Tokens are made by our tokenizer.
 */
export async function setup(_quick: boolean, folder: string): Promise<Work> {
  const ort = await onnxWeb();
  const { texts } = JSON.parse(
    await Deno.readTextFile(join(folder, "encode.json")),
  ) as { texts: string[] };
  const tokenizer = await loadTokenizer(join(folder, "onnx"));
  const session = await ort.InferenceSession.create(
    await Deno.readFile(join(folder, "onnx", "onnx", "model.onnx")),
    { executionProviders: ["wasm"], graphOptimizationLevel: "all" },
  );
  const encode = async (some: string[]): Promise<Float32Array> => {
    const { ids } = tokenizer.encode(some, { maxLength: 256 });
    const length = Math.max(...ids.map((row) => row.length));
    const tensor = (of: (row: ArrayLike<number>, i: number) => number) => {
      const data = new BigInt64Array(some.length * length);
      ids.forEach((row, r) => {
        for (let i = 0; i < row.length; i++) {
          data[r * length + i] = BigInt(of(row, i));
        }
      });
      return new ort.Tensor("int64", data, [some.length, length]);
    };
    const { sentence_embedding: found } = await session.run({
      input_ids: tensor((row, i) => row[i]!),
      attention_mask: tensor(() => 1),
      token_type_ids: tensor(() => 0),
    }, ["sentence_embedding"]);
    return found!.data;
  };
  return {
    check: (await encode(texts.slice(0, 1)))[0]!,
    round: async () => {
      for (const batch of batchesOf(texts, 32)) {
        await encode(batch.map((i) => texts[i]!));
      }
    },
  };
}
