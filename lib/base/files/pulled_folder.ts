import { join } from "node:path";
import { z } from "zod";
import { isModelFolder } from "./model_folder.ts";
import { readJsonIfThere } from "./json_file.ts";

/** Where models lie that were pulled from the hub, or set up. */
const PULLED = ["models", join(".cache", "models")];

/** A name on the hub, of an owner and a model or of a model alone. */
const ON_HUB = /^(?!\.)[\w.-]+(?:\/(?!\.)([\w.-]+))?$/;

/**
 * Whether a path could be the name of a model on the hub.
 *
 * @param path The path.
 * @param options `ownerless`: whether the model's own name will do.
 */
export function isHubName(
  path: string,
  { ownerless = false }: { ownerless?: boolean } = {},
): boolean {
  return (ownerless || path.includes("/")) && ON_HUB.test(path);
}

/** Folders in which `tdro model pull` and `setup --minilm` put a model. */
export function pulledPlaces(name: string): string[] {
  const [, last = name] = ON_HUB.exec(name) ?? [];
  return PULLED.map((place) => join(place, last));
}

/**
 * The folder of a model by its name on the hub, if it was pulled before.
 *
 * @param name The name; its last part alone will do.
 */
export async function pulledFolder(name: string): Promise<string | undefined> {
  if (!ON_HUB.test(name)) return;
  for (const place of pulledPlaces(name)) {
    if (!await isModelFolder(place)) continue;
    // Another owner's model may have the same last name.
    const id = isHubName(name) ? await nameOnHub(place) : undefined;
    if (id === undefined || id === name) return place;
  }
}

/**
 * The name of a model that `tdro model pull` fetched; none of another.
 *
 * @param folder Model folder.
 */
export async function nameOnHub(folder: string): Promise<string | undefined> {
  const path = join(folder, "tdro_source.json");
  return (await readJsonIfThere(path, z.looseObject({ id: z.string() })))?.id;
}
