import { join } from "node:path";
import {
  batchesOf,
  onnxWeb,
  peerPackage,
  type TransformersJs,
} from "../_onnx_web.ts";
import type { Work } from "../_work.ts";

/**
 * A peer of our `wasm` backend: the whole of transformers.js, on WebAssembly as in
 * a browser, encodes what `encode_onnx_f32` has written.
 */
export async function setup(_quick: boolean, folder: string): Promise<Work> {
  const ort = await onnxWeb();
  // What it takes in the place of the runtime that it would choose.
  const place = globalThis as unknown as Record<symbol, unknown>;
  place[Symbol.for("onnxruntime")] = ort;
  const { env, pipeline } = await peerPackage<TransformersJs>(
    "npm:@huggingface/transformers@4.3.0",
  );
  // It would fetch the runtime from a network.
  ort.env.wasm.wasmPaths = undefined;
  env.useWasmCache = false;
  env.allowRemoteModels = false;
  env.localModelPath = folder;
  const { texts } = JSON.parse(
    await Deno.readTextFile(join(folder, "encode.json")),
  ) as { texts: string[] };
  const encode = await pipeline("feature-extraction", "onnx", {
    dtype: "fp32",
    device: "auto",
  });
  const options = { pooling: "mean", normalize: true };
  return {
    check: (await encode(texts.slice(0, 1), options)).data[0]!,
    round: async () => {
      for (const batch of batchesOf(texts, 32)) {
        await encode(batch.map((i) => texts[i]!), options);
      }
    },
  };
}
