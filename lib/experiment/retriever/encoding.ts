import { basename, dirname, join } from "node:path";
import { isFile } from "../../base/files/exists.ts";
import { modelInfo, textLimits } from "../../model/mod.ts";
import { readRunModels } from "./run_models.ts";

/** How texts are written and cut before a model gets them. */
export interface Encoding {
  /** Maximum tokens of a query. */
  queryLength: number;
  /** Maximum tokens of a passage. */
  passageLength: number;
  /**
   * What stands before a text: the task's instruction before a query, the prompts in
   * the model's own files (by the task's name, else that for queries; and that for
   * passages), or nothing.
   */
  prompts: "task" | "model" | "none";
}

/**
 * How the texts of a model in a folder are encoded: as its run did, if the folder
 * lies in a run; else by what the model's own files say.
 *
 * @param folder Model folder.
 */
export async function recordedEncoding(folder: string): Promise<Encoding> {
  const models = dirname(folder);
  const run = dirname(models);
  if (basename(models) === "models" && await isFile(join(run, "run.json"))) {
    const { models } = await readRunModels(run, "open");
    const found = models.find((model) =>
      basename(model.folder) === basename(folder)
    );
    if (found) return found.encoding;
  }
  const info = await modelInfo(folder);
  return {
    ...textLimits(info),
    prompts: Object.keys(info.prompts).length > 0 ? "model" : "none",
  };
}
