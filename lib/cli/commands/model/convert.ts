import { z } from "zod";
import { dtypeOption } from "./dtype_option.ts";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";

/** Options of `tdro model convert`. */
export interface ModelConvertOptions {
  /** Model folder. */
  folder: string;
  /** Folder to write. */
  out: string;
  /** How the weights are stored. */
  dtype: "float32" | "bfloat16" | "float16";
  /** How many components of the vectors are kept. */
  dim?: number;
}

/** `tdro model convert`. */
export const command: Command<ModelConvertOptions> = {
  name: "model convert",
  summary:
    "Convert a model's weights to another number format, or cut its vectors",
  details:
    "Reads float32, bfloat16 and float16 weights, in one file or in shards, and writes the folder that transformers and sentence-transformers load. A model trained for it (Matryoshka) gives good vectors of fewer components: --dim says how many of the first ones are kept, and the folder says so to whoever loads it.",
  examples: [
    {
      about: "Half the size on disk",
      line:
        "tdro model convert models/e5 --dtype bfloat16 --out models/e5-bf16",
    },
    {
      about: "Vectors of 256 components",
      line: "tdro model convert models/gemma --dim 256 --out models/gemma-256",
    },
  ],
  operands: ["folder"],
  options: z.strictObject({
    folder: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Hugging Face folder of a model",
    ),
    out: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Folder to write; it must not exist yet",
    ),
    dtype: dtypeOption,
    dim: z.int().positive().optional().meta({ placeholder: "N" }).describe(
      "Components of the vectors to keep; default: as many as now",
    ),
  }),
  async run({ folder, out, dtype, dim }, io) {
    const { useBackend } = await import("../../../backend/mod.ts");
    const { disposeEncoder, loadEncoder, modelInfo, saveEncoder } =
      await import("../../../model/mod.ts");
    const { newFolder } = await import("../new_folder.ts");
    await newFolder(out, async (partial) => {
      await useBackend("auto");
      const encoder = await loadEncoder(folder, dim ? { dim } : {});
      await saveEncoder(encoder, partial, { dtype });
      disposeEncoder(encoder);
    });
    const { bytes, dtypes, dimension } = await modelInfo(out);
    io.result(
      { out, bytes, dtypes, dimension },
      () =>
        line`${out}: ${(bytes / 1e6).toFixed(1)} MB of ${
          dtypes.join(", ")
        }, vectors of ${dimension} components`,
    );
  },
};
