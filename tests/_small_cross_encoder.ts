import {
  disposeEncoder,
  type NamedTensor,
  openWeights,
  saveEncoder,
  writeSafetensors,
} from "../lib/model/mod.ts";
import { createRng } from "../lib/sampling/mod.ts";
import { smallEncoder } from "./_small_encoder.ts";

/** Writes a folder with a small random cross-encoder, the same at every call. */
export async function saveSmallCrossEncoder(folder: string): Promise<void> {
  const encoder = smallEncoder("cls", 0.5);
  await saveEncoder(encoder, folder);
  disposeEncoder(encoder);
  const rng = createRng(2, "head");
  const random = (name: string, shape: number[]): NamedTensor => ({
    name,
    shape,
    data: Float32Array.from(
      { length: shape.reduce((a, b) => a * b) },
      () => 2 * rng.next() - 1,
    ),
  });
  const D = 16;
  const tensors = [
    random("pooler.dense.weight", [D, D]),
    random("pooler.dense.bias", [D]),
    random("classifier.weight", [1, D]),
    random("classifier.bias", [1]),
  ];
  using weights = await openWeights(folder);
  for (const [name, { shape }] of weights.tensors) {
    tensors.push({ name, shape: [...shape], data: await weights.read(name) });
  }
  await Deno.remove(`${folder}/model.safetensors`);
  await writeSafetensors(`${folder}/model.safetensors`, tensors);
}
