import { join } from "node:path";
import { modelFolder } from "../../base/files/model_folder.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import type { EvalReport } from "../../eval/mod.ts";
import { modelInfo, readModules } from "../../model/mod.ts";
import type { StageInput } from "../stages/stage_input.ts";
import type { ArmRecord } from "../stages/arm_record.ts";
import { modelCard } from "./model_card.ts";
import { nameOnHub } from "../../base/files/pulled_folder.ts";

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
    base: options.model && await nameOnHub(await modelFolder(options.model)),
    report,
  });
  await writeWhole(join(folder, "README.md"), text);
}
