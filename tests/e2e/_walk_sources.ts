import { ROOT } from "../_paths.ts";

/**
 * Paths of the files below a folder of the repository whose names have one of
 * the endings, from its root.
 */
export async function* walkSources(
  folder: string,
  ...endings: string[]
): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* walkSources(path, ...endings);
    else if (endings.some((ending) => name.endsWith(ending))) yield path;
  }
}
