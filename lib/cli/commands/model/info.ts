import { z } from "zod";
import type { Command } from "../../command.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro model info`. */
export interface ModelInfoOptions {
  /** Model folder. */
  folder: string;
}

/** `tdro model info`. */
export const command: Command<ModelInfoOptions> = {
  name: "model info",
  summary: "Describe a model folder without loading its weights",
  examples: [
    { about: "Family, sizes, pooling", line: "tdro model info models/e5" },
  ],
  operands: ["folder"],
  options: z.strictObject({
    folder: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Hugging Face folder of a model",
    ),
  }),
  async run({ folder }, io) {
    const { modelInfo } = await import("../../../model/config/model_info.ts");
    const textTable = await tablesFor(io);
    const info = await modelInfo(folder);
    io.result(
      info,
      () =>
        textTable(
          Object.entries(info).map(([what, value]) => ({
            what,
            value: typeof value === "number"
              ? value.toLocaleString("en")
              : typeof value === "string"
              ? value
              : JSON.stringify(value),
          })),
          { maxChars: 100 },
        ),
    );
  },
};
