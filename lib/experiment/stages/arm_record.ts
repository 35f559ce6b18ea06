import { join } from "node:path";
import { exists } from "../../base/files/exists.ts";
import { readJsonIfThere } from "../../base/files/json_file.ts";
import { readSealed, writeSealed } from "../../base/files/sealed_json.ts";
import type { KeptStep } from "../dev/kept_step.ts";
import { armRecordSchema, drawnSchema } from "./result_schemas.ts";

/** What was done to train an arm: the content of `models/<arm>.json`. */
export interface ArmRecord {
  /** Form of this record. */
  format: "tdro-arm/1";
  /** How its mixture came about, one sentence. */
  about: string;
  /** Sampling weight of each task, shape `[K]`. */
  weights: readonly number[];
  /** Training rows of each task, shape `[K]`. */
  sizes: number[];
  /** Rows drawn from each task until the model that was kept, shape `[K]`. */
  drawn: number[];
  /** Which model was kept, by the evaluations on dev queries; absent without any. */
  dev?: KeptStep | undefined;
}

/** Where versions before kept the rows drawn, within the model's folder. */
const EARLIER = "drawn.json";

/** The record of the model in a folder lies beside the folder. */
function recordOf(folder: string): string {
  return `${folder}.json`;
}

/**
 * Writes an arm's record. It comes before the folder of the model, which marks
 * the arm as done.
 *
 * @param folder Folder of the model.
 * @param record What was done.
 */
export async function writeArm(
  folder: string,
  record: ArmRecord,
): Promise<void> {
  await writeSealed(recordOf(folder), record);
}

/**
 * Reads what was done to train the model in a folder.
 *
 * @param folder Folder of the model.
 * @returns The record, of an earlier version the rows drawn alone; `undefined` if
 * the arm isn't done.
 * @throws {DamageError} If the record isn't what was written.
 */
export async function readArm(
  folder: string,
): Promise<ArmRecord | Pick<ArmRecord, "drawn"> | undefined> {
  if (!await exists(folder)) return;
  const record = await readSealed(recordOf(folder), {
    schema: armRecordSchema,
    mend: `remove ${folder} to do that stage anew`,
  });
  if (record) return record;
  const drawn = await readJsonIfThere(join(folder, EARLIER), drawnSchema);
  return drawn && { drawn };
}

/** Which model of an arm was kept; of an earlier version that isn't known. */
export function keptOf(
  record: ArmRecord | Pick<ArmRecord, "drawn">,
): KeptStep | undefined {
  return "dev" in record ? record.dev : undefined;
}
