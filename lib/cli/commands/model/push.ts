import { z } from "zod";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";
import { modelFolder } from "../../../base/files/model_folder.ts";

/** Options of `tdro model push`. */
export interface ModelPushOptions {
  /** Model folder. */
  folder: string;
  /** Name on the hub. */
  id: string;
  /** Whether everybody sees a repository that is made. */
  public: boolean;
  /** Branch. */
  revision: string;
  /** Commit message. */
  message: string;
  /** Whether to replace files that differ. */
  force: boolean;
}

/** `tdro model push`. */
export const command: Command<ModelPushOptions> = {
  name: "model push",
  summary: "Upload a model to the Hugging Face hub",
  details:
    "Uploads weights, configuration, tokenizer and model card in one commit, and then compares the hashes that the hub lists. A repository that isn't there yet is made, private unless --public is given. No file there is removed, and none replaced without --force. HF_TOKEN must hold a token with write access; HF_ENDPOINT names another server.",
  examples: [
    {
      about: "The retriever of a run, in a private repository",
      line: "tdro model push runs/mine/models/top my-name/my-retriever",
    },
    {
      about: "For everybody",
      line:
        "tdro model push runs/mine/models/top my-name/my-retriever --public",
    },
  ],
  operands: ["folder", "id"],
  options: z.strictObject({
    folder: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Folder of the model",
    ),
    id: z.string().meta({ placeholder: "NAME" }).describe(
      "Name on the hub, owner/model",
    ),
    public: z.boolean().default(false).describe(
      "Make a repository that this creates public",
    ),
    revision: z.string().default("main").meta({ placeholder: "BRANCH" })
      .describe("Branch to write to"),
    message: z.string().min(1).default(
      "Upload a retriever trained with tdro",
    ).describe("Commit message"),
    force: z.boolean().default(false).describe(
      "Replace files there that differ; the hub keeps the earlier ones in its history",
    ),
  }),
  async run({ folder, id, public: isPublic, ...options }, io) {
    const { pushModel } = await import("../../../model/mod.ts");
    const pushed = await io.progress(
      pushModel(await modelFolder(folder), id, {
        ...options,
        visibility: isPublic ? "public" : "private",
        signal: io.signal,
      }),
    );
    io.result(pushed, () => {
      const { files, url, commit, created } = pushed;
      if (commit === undefined) {
        return line`${url}: has these ${files.length} files already`;
      }
      const seen = created
        ? (isPublic ? " (new, public)" : " (new, private)")
        : "";
      return line`${url}${seen}: ${files.length} files, commit ${commit}`;
    });
  },
};
