import { z } from "zod";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";

/** Options of `tdro model pull`. */
export interface ModelPullOptions {
  /** Name on the hub. */
  id: string;
  /** Folder to fill. */
  out?: string;
  /** Branch, tag or commit. */
  revision: string;
}

/** `tdro model pull`. */
export const command: Command<ModelPullOptions> = {
  name: "model pull",
  summary: "Download a model from the Hugging Face hub or a mirror",
  details: "Fetches configuration, tokenizer and safetensors weights of one " +
    "commit, checks sizes and hashes, and resumes an interrupted download. " +
    "HF_ENDPOINT names a mirror, HF_TOKEN gives access to private and " +
    "gated models; it is sent to no other address.",
  examples: [
    {
      about: "A small English retriever, to models/all-MiniLM-L6-v2",
      line: "tdro model pull sentence-transformers/all-MiniLM-L6-v2",
    },
    {
      about: "A certain commit",
      line:
        "tdro model pull intfloat/multilingual-e5-small --revision main --out models/e5",
    },
  ],
  operands: ["id"],
  options: z.strictObject({
    id: z.string().meta({ placeholder: "NAME" }).describe("Name on the hub"),
    out: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
      "Folder to fill; default: models/ and the last part of the name",
    ),
    revision: z.string().default("main").meta({ placeholder: "REVISION" })
      .describe("Branch, tag or commit"),
  }),
  async run({ id, out, revision }, io) {
    const { modelInfo, pullModel } = await import("../../../model/mod.ts");
    const folder = out ?? `models/${id.split("/").at(-1)}`;
    io.resumeWith(`the same command resumes where it stopped`);
    const { files } = await io.progress(
      pullModel(id, folder, { revision, signal: io.signal }),
    );
    const info = await modelInfo(folder);
    io.result(
      { folder, files, info },
      () =>
        line`${folder}: ${files.length} files, a ${info.family} model with ${
          (info.parameters / 1e6).toFixed(1)
        } million parameters`,
    );
  },
};
