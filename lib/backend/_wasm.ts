import * as tf from "@tensorflow/tfjs-core";
import { fileURLToPath } from "node:url";
import { dirname } from "node:path";

/** Version of the WebAssembly backend; the one in `deno.json`. */
const WASM_BACKEND = "npm:@tensorflow/tfjs-backend-wasm@4.22.0/package.json";

/** Registers the tfjs backend `wasm`, its binary read from the npm cache. */
export async function registerWasm(): Promise<void> {
  if (tf.findBackendFactory("wasm")) return;
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  // A string literal would not survive publishing: the import map is ours alone.
  const folder = dirname(fileURLToPath(import.meta.resolve(WASM_BACKEND)));
  setWasmPaths(`${folder}/dist/`);
}
