/**
 * Reads a text file; a missing one is told in one line.
 *
 * @param path The file.
 * @param what What it should hold, for the message.
 */
export async function readText(path: string, what: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot read ${what}: there is no file ${path}; check the path`,
    );
  }
}
