import { z } from "zod";
import { dtypeOption } from "./dtype_option.ts";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";

/** Options of `tdro model merge`. */
export interface ModelMergeOptions {
  /** Model folder. */
  folder: string;
  /** Adapter folder. */
  adapter?: string;
  /** Folder to write. */
  out: string;
  /** How the weights are stored. */
  dtype: "float32" | "bfloat16" | "float16";
}

/** `tdro model merge`. */
export const command: Command<ModelMergeOptions> = {
  name: "model merge",
  summary: "Merge a LoRA adapter into its model's weights",
  details:
    "The adapter is one in peft's format. A folder that tdro saved has its " +
    "adapter in it; one from elsewhere is named with --adapter.",
  examples: [
    {
      about: "A base model and an adapter from peft",
      line:
        "tdro model merge models/qwen --adapter adapters/mine --out models/mine",
    },
    {
      about: "A run's model with the adapter it trained",
      line: "tdro model merge runs/a/models/tdro --out models/mine",
    },
  ],
  operands: ["folder"],
  options: z.strictObject({
    folder: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Hugging Face folder of the base model",
    ),
    adapter: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
      "Folder with adapter_config.json; default: the one saved in the model's folder",
    ),
    out: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Folder to write; it must not exist yet",
    ),
    dtype: dtypeOption,
  }),
  async run({ folder, adapter, out, dtype }, io) {
    const { useBackend } = await import("../../../backend/mod.ts");
    const { disposeEncoder, loadEncoder, loadLora, mergeLora, saveEncoder } =
      await import("../../../model/mod.ts");
    const { newFolder } = await import("../new_folder.ts");
    await newFolder(out, async (partial) => {
      await useBackend("auto");
      const base = await loadEncoder(folder);
      const merged = mergeLora(adapter ? await loadLora(base, adapter) : base);
      await saveEncoder(merged, partial, { dtype });
      disposeEncoder(merged);
    });
    io.result({ out }, () => line`${out}: the model with its adapter merged`);
  },
};
