import { join } from "node:path";
import { writeWhole } from "../../base/files/write_whole.ts";
import type { Encoder } from "../encode/encoder.ts";
import { writeSafetensors } from "../weights/safetensors.ts";
import { adaptedModules, factorsOf, linearModules } from "./lora_modules.ts";
import { adapterConfigFields } from "./adapter_file.ts";

/**
 * Saves an encoder's adapter alone, in peft's format: `adapter_config.json` and
 * `adapter_model.safetensors`, which `PeftModel.from_pretrained` loads onto the
 * base model.
 *
 * @param encoder An encoder with an adapter.
 * @param folder Folder; made if absent.
 * @throws {RangeError} If it has no adapter.
 *
 * @example Usage
 * ```ts
 * import {
 *   addLora,
 *   bertConfig,
 *   createEncoder,
 *   createTokenizer,
 *   disposeEncoder,
 *   mergeLora,
 *   saveLora,
 *   trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green blue"]));
 * const config = bertConfig({
 *   vocabSize: tokenizer.vocabSize,
 *   hiddenSize: 8,
 *   layers: 1,
 *   heads: 2,
 *   intermediateSize: 16,
 * });
 * const modules = { pooling: "mean", normalize: true } as const;
 * const base = createEncoder(config, tokenizer, { rng: createRng(1, "model"), modules });
 * const adapted = addLora(base, { rank: 2, targets: ["query"], rng: createRng(2, "lora") });
 * const folder = await Deno.makeTempDir();
 * await saveLora(adapted, folder);
 * assert.ok((await Deno.stat(`${folder}/adapter_model.safetensors`)).size > 0);
 * disposeEncoder(mergeLora(adapted));
 * ```
 */
export async function saveLora(
  encoder: Encoder,
  folder: string,
): Promise<void> {
  if (!encoder.lora) {
    throw new RangeError(
      "Cannot save an adapter: the encoder has none; saveEncoder() saves a whole model",
    );
  }
  const modules = adaptedModules(encoder);
  await Deno.mkdir(folder, { recursive: true });
  await writeSafetensors(
    join(folder, "adapter_model.safetensors"),
    modules.flatMap((module) => Object.values(factorsOf(module))).map(
      (name) => {
        const factor = encoder.parameters.get(name)!;
        return {
          name: `base_model.model.${name}`,
          shape: factor.shape,
          data: async () => await factor.data() as Float32Array,
        };
      },
    ),
  );
  await writeWhole(
    join(folder, "adapter_config.json"),
    `${
      JSON.stringify(
        adapterConfigFields(encoder.lora, {
          adapted: modules,
          all: linearModules(encoder),
        }),
        null,
        2,
      )
    }\n`,
  );
}
