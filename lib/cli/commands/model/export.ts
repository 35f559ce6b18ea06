import { z } from "zod";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";

/** Options of `tdro model export`. */
export interface ModelExportOptions {
  /** Model folder. */
  folder: string;
  /** The format. */
  to: "onnx";
  /** Folder to write. */
  out: string;
  /** Whether the weights lie in files of their own. */
  externalData?: boolean;
  /** A quantised variant too. */
  quantise?: "int8";
  /** Python with onnxruntime. */
  python?: string;
}

/** `tdro model export`. */
export const command: Command<ModelExportOptions> = {
  name: "model export",
  summary: "Write a model as an ONNX graph for other runtimes",
  details:
    'The folder has onnx/model.onnx beside the tokenizer, as onnxruntime, transformers.js, optimum and sentence-transformers (backend="onnx") look for it. The graph takes input_ids and attention_mask, and token_type_ids where the family has them; it gives last_hidden_state, and sentence_embedding after pooling, further modules and normalisation. An adapter is merged into the weights.',
  examples: [
    {
      about: "For a browser, by transformers.js",
      line: "tdro model export runs/a/models/tdro --to onnx --out models/mine",
    },
    {
      about: "Also with weights of 8 bits",
      line:
        "tdro model export models/e5 --to onnx --quantise int8 --python .venv/bin/python --out models/e5-onnx",
    },
  ],
  operands: ["folder"],
  options: z.strictObject({
    folder: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Hugging Face folder of a model",
    ),
    to: z.enum(["onnx"]).default("onnx").meta({ placeholder: "FORMAT" })
      .describe("The format"),
    out: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Folder to write; it must not exist yet",
    ),
    externalData: z.boolean().optional().describe(
      "Put the weights into files of their own, model.onnx_data and so on; default: where the model has more than 2 GiB",
    ),
    quantise: z.enum(["int8"]).optional().meta({ placeholder: "TYPE" })
      .describe(
        "Write model_quantized.onnx too, with weights of 8 bits, by onnxruntime's quantize_dynamic",
      ),
    python: z.string().optional().meta({ placeholder: "PYTHON" }).describe(
      "Python with onnxruntime and onnx, for --quantise; default: TDRO_PYTHON, then python3",
    ),
  }),
  async run({ folder, to: _, out, ...options }, io) {
    const { useBackend } = await import("../../../backend/mod.ts");
    const { disposeEncoder, exportOnnx, loadEncoder } = await import(
      "../../../model/mod.ts"
    );
    const { newFolder } = await import("../new_folder.ts");
    let exported!: Awaited<ReturnType<typeof exportOnnx>>;
    await newFolder(out, async (partial) => {
      await useBackend("auto");
      const encoder = await loadEncoder(folder);
      exported = await exportOnnx(encoder, partial, {
        ...options,
        signal: io.signal,
      });
      disposeEncoder(encoder);
    });
    for (const warning of exported.warnings) io.note(warning);
    const { files, inputs, outputs, opset, merged, dimension } = exported;
    io.result({ out, ...exported }, () =>
      [
        ...files.map(({ path, bytes }) =>
          line`${out}/${path}: ${(bytes / 1e6).toFixed(1)} MB`
        ),
        line`takes ${inputs.join(", ")}; gives ${
          outputs.join(", ")
        } of ${dimension} components; operators of version ${opset}`,
        ...merged ? ["The adapter is merged into the weights."] : [],
      ].join("\n"));
  },
};
