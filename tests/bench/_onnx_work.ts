import { join } from "node:path";
import type { InferencePrecision } from "../../lib/backend/kernels/mod.ts";
import {
  disposeEncoder,
  exportOnnx,
  loadEncoder,
} from "../../lib/model/mod.ts";
import { setup } from "./works/encode.ts";
import type { Work } from "./_work.ts";

/** Encodes as `encode` does; the peer gets the model as we export it. */
export async function setupOnnx(
  quick: boolean,
  folder: string,
  precision: InferencePrecision = "float32",
): Promise<Work> {
  const work = await setup(quick, folder, precision);
  const { model } = JSON.parse(
    await Deno.readTextFile(join(folder, "encode.json")),
  );
  const encoder = await loadEncoder(model);
  await exportOnnx(encoder, join(folder, "onnx"));
  disposeEncoder(encoder);
  return work;
}
