import { join } from "node:path";
import { isFile } from "../../base/files/exists.ts";
import { isModelFolder, modelFolder } from "../../base/files/model_folder.ts";
import {
  isHubName,
  pulledFolder,
  pulledPlaces,
} from "../../base/files/pulled_folder.ts";
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

/** Which arm of a run is taken where none is named; the first that there is. */
const PREFERRED = ["reweighted", "retriever", "refined", "distilled"];

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
  const model = wanted.map((each) => models.find(({ name }) => name === each))
    .find((found) => found !== undefined);
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
  if (await isModelFolder(folder)) return folder;
  const pulled = await pulledFolder(source);
  if (pulled !== undefined) return pulled;
  // What the path holds, if it isn't one of the hub's names, tells loading best.
  if (!isHubName(source, { ownerless: true })) return folder;
  throw new Deno.errors.NotFound(
    `Cannot open ${source}: it must be the folder of a model or a run, or a model that lies in ${
      pulledPlaces(source).join(" or ")
    }: found none; tdro model pull fetches one from the hub`,
  );
}
