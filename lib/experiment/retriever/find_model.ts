import { join } from "node:path";
import { isFile } from "../../base/files/exists.ts";
import { modelFolder } from "../../base/files/model_folder.ts";
import { nameOnHub } from "../card/name_on_hub.ts";
import { readRunModels, type RunModel, startOf } from "./run_models.ts";
import { type Encoding, recordedEncoding } from "./encoding.ts";

/** A model found by a name. */
export interface FoundModel {
  /** What it is called: the arm's name, else the folder. */
  label: string;
  /** Its folder. */
  folder: string;
  /** How its texts are encoded. */
  encoding: Encoding;
}

/** Where models lie that were pulled from the hub, or set up. */
const PULLED = ["models", join(".cache", "models")];

/** Which arm of a run is taken where none is named; the first that there is. */
const PREFERRED = ["reweighted", "retriever"];

/**
 * Finds the model that a name means: a model folder, a run and one of its arms, or a
 * name on the hub that was pulled before.
 *
 * @param source Name or folder.
 * @param arm Name of the arm, in a run.
 */
export async function findModel(
  source: string,
  arm: string | undefined,
): Promise<FoundModel> {
  if (await isFile(join(source, "run.json"))) return await armOf(source, arm);
  if (arm !== undefined) {
    throw new RangeError(
      `Cannot open ${source}: arm must be left out, as it is no run: got ${arm}`,
    );
  }
  const folder = await localFolder(source);
  return { label: source, folder, encoding: await recordedEncoding(folder) };
}

async function armOf(
  run: string,
  arm: string | undefined,
): Promise<RunModel> {
  const found = await readRunModels(run, "open");
  const { models } = found;
  if (arm === "start") {
    const start = await startOf(found);
    if (typeof start !== "string") return start;
    throw new Deno.errors.NotFound(`Cannot open the start of ${run}: ${start}`);
  }
  const wanted = arm === undefined ? PREFERRED : [arm];
  const model = models.find(({ name }) => wanted.includes(name));
  if (model) return model;
  if (arm === undefined && models.length === 1) return models[0]!;
  throw new RangeError(
    `Cannot open ${run}: arm must be one of ${
      ["start", ...models.map(({ name }) => name)].join(", ")
    }: got ${arm ?? "none"}`,
  );
}

/** The folder of a model by its path or its name on the hub. */
async function localFolder(source: string): Promise<string> {
  const folder = await modelFolder(source);
  const name = /^[\w.-]+(?:\/([\w.-]+))?$/.exec(source);
  // What the path holds, if it isn't one of the hub's names, tells loading best.
  if (!name || await isFile(join(folder, "config.json"))) return folder;
  const places = PULLED.map((place) => join(place, name[1] ?? source));
  for (const place of places) {
    if (!await isFile(join(place, "config.json"))) continue;
    // Another owner's model may have the same last name.
    const pulled = name[1] === undefined ? undefined : await nameOnHub(place);
    if (pulled === undefined || pulled === source) return place;
  }
  throw new Deno.errors.NotFound(
    `Cannot open ${source}: it must be the folder of a model or a run, or a model that lies in ${
      places.join(" or ")
    }: found none; tdro model pull fetches one from the hub`,
  );
}
