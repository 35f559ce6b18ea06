import { dirname, join } from "node:path";
import { isFile, isFolder } from "./exists.ts";

/**
 * Whether a folder has what a model's folder has: the transformer's configuration,
 * or sentence-transformers' list of modules, as a Router keeps its transformers in
 * folders of their own.
 */
export async function isModelFolder(folder: string): Promise<boolean> {
  return await isFile(join(folder, "config.json")) ||
    await isFile(join(folder, "modules.json"));
}

/**
 * The model folder that a path means: the folder itself, that of a file in it
 * (`…/model.safetensors`), or the only model of a run.
 *
 * @param path What was named.
 * @returns The folder; the path itself if it is no such thing.
 * @throws {RangeError} If it is a run with several models.
 */
export async function modelFolder(path: string): Promise<string> {
  if (await isFile(path)) return dirname(path);
  const models = join(path, "models");
  if (!await isFolder(models) || await isModelFolder(path)) {
    return path;
  }
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(models)) {
    if (isDirectory && !name.startsWith(".")) found.push(join(models, name));
  }
  if (found.length === 1) return found[0]!;
  if (found.length === 0) return path;
  throw new RangeError(
    `Cannot load ${path}: it is a run with several models; choose one of them: ${
      found.sort().join(", ")
    }`,
  );
}
