/** Content of a text file; `undefined` if there is no such file. */
export async function readTextIfThere(
  path: string,
): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Content of a text file.
 *
 * @param path The file.
 * @param complaint What to say if there is no such file.
 * @throws {Deno.errors.NotFound} With the complaint.
 */
export async function readText(
  path: string,
  complaint: string,
): Promise<string> {
  const text = await readTextIfThere(path);
  if (text === undefined) throw new Deno.errors.NotFound(complaint);
  return text;
}
