import { join } from "node:path";
import { isFile } from "../../base/files/exists.ts";
import { shellWord } from "../../base/shell_word.ts";
import { openSafetensors, type Weights } from "./safetensors.ts";

/**
 * Opens the weights of one of sentence-transformers' modules.
 *
 * @param folder Folder of the module.
 * @param model Folder of the model, for the message.
 * @throws {Deno.errors.NotFound} If there are none, with the line that converts
 * those of an old version.
 */
export async function openModuleWeights(
  folder: string,
  model: string,
): Promise<Weights> {
  if (await isFile(join(folder, "pytorch_model.bin"))) {
    const path = join(folder, "model.safetensors");
    if (!await isFile(path)) {
      throw new Deno.errors.NotFound(
        `Cannot read weights from ${folder}: it must have model.safetensors: got pytorch_model.bin; convert the model once: python3 -c "import sys; from sentence_transformers import SentenceTransformer; SentenceTransformer(sys.argv[1]).save(sys.argv[1])" ${
          shellWord(model)
        }`,
      );
    }
  }
  return await openSafetensors(join(folder, "model.safetensors"));
}
