import { z } from "zod";
import { line } from "../../base/printable.ts";
import type { CommandIo } from "../io.ts";

/** The option of commands that take a model. */
export const pullOption: z.ZodDefault<z.ZodBoolean> = z.boolean()
  .default(false).describe(
    "Fetch a model that is given by its name on the Hugging Face hub to models/; otherwise nothing is downloaded",
  );

/** Options that name models. */
interface ModelOptions {
  /** Model folder, or a name on the hub. */
  model?: string | undefined;
  /** The same for mining. */
  mineModel?: string | undefined;
  /** Whether a model may be fetched. */
  pull: boolean;
}

/** What {@linkcode withLocalModels} needs. */
interface LocalModelsContext {
  /** Where to show progress. */
  io: CommandIo;
  /** Whether a finished run may do without its model. @default {false} */
  mayBeGone?: boolean;
}

/**
 * Options with the folders that their models' names mean, fetched if that is asked
 * for; refuses a model that can't be loaded before anything else is read.
 */
export async function withLocalModels<Options extends ModelOptions>(
  { pull, ...options }: Options,
  { io, mayBeGone = false }: LocalModelsContext,
): Promise<Omit<Options, "pull">> {
  const { exists } = await import("../../base/files/exists.ts");
  const local: Partial<ModelOptions> = {};
  for (const name of ["model", "mineModel"] as const) {
    const model = options[name];
    if (model === undefined) continue;
    const folder = await localModel(model, { pull, io });
    local[name] = folder;
    if (mayBeGone && !await exists(folder)) continue;
    const { modelInfo } = await import("../../model/mod.ts");
    await modelInfo(folder);
  }
  return { ...options, ...local };
}

async function localModel(
  model: string,
  { pull, io }: { pull: boolean; io: CommandIo },
): Promise<string> {
  const { exists } = await import("../../base/files/exists.ts");
  const { isHubName, pulledFolder, pulledPlaces } = await import(
    "../../base/files/pulled_folder.ts"
  );
  if (!isHubName(model) || await exists(model)) return model;
  const before = await pulledFolder(model);
  if (before !== undefined) {
    io.note(line`model: ${before}, pulled before`);
    return before;
  }
  if (!pull) {
    throw new Deno.errors.NotFound(
      `Cannot load ${model}: there is no such folder; for a model on the hub add --pull, or fetch it first: tdro model pull ${model}`,
    );
  }
  const { pullModel } = await import("../../model/mod.ts");
  const [folder] = pulledPlaces(model) as [string];
  io.resumeWith("rerun the same command: it resumes where it stopped");
  await io.progress(pullModel(model, folder, { signal: io.signal }));
  return folder;
}
