import { join } from "node:path";
import { z } from "zod";
import { readJsonIfThere } from "../../base/files/json_file.ts";

/**
 * The name of a model that `tdro model pull` fetched; none of another.
 *
 * @param folder Model folder.
 */
export async function nameOnHub(folder: string): Promise<string | undefined> {
  const path = join(folder, "tdro_source.json");
  return (await readJsonIfThere(path, z.looseObject({ id: z.string() })))?.id;
}
