/**
 * Reads the JSON file that a stage writes last; its presence tells that the
 * stage is done.
 *
 * @returns Its content; undefined if the stage isn't done.
 */
export async function readResult<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
}
