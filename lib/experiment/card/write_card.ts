import { join } from "node:path";
import { z } from "zod";
import { readJsonIfThere } from "../../base/files/json_file.ts";
import { modelFolder } from "../../base/files/model_folder.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import type { EvalReport } from "../../eval/mod.ts";
import { modelInfo, readModules } from "../../model/mod.ts";
import type { StageInput } from "../stages/stage_input.ts";
import type { ArmRecord } from "../stages/arm_record.ts";
import { modelCard } from "./model_card.ts";

/** What a card is written from. */
export interface WriteCardInput extends Pick<StageInput, "options" | "suite"> {
  /** Name of the arm. */
  name: string;
  /** The mixture. */
  arm: ArmRecord;
  /** What it scored, once that is known. */
  report?: EvalReport;
}

/** Writes the card of a model into its folder. */
export async function writeCard(
  folder: string,
  { name, arm, options, suite, report }: WriteCardInput,
): Promise<void> {
  const text = modelCard({
    name,
    suite,
    options,
    arm,
    modules: await readModules(folder),
    info: await modelInfo(folder),
    base: options.model && await nameOnHub(options.model),
    report,
  });
  await writeWhole(join(folder, "README.md"), text);
}

/** The name of a model that `tdro model pull` fetched. */
async function nameOnHub(model: string): Promise<string | undefined> {
  const path = join(await modelFolder(model), "tdro_source.json");
  return (await readJsonIfThere(path, z.looseObject({ id: z.string() })))?.id;
}
