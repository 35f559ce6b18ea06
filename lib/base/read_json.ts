/**
 * Content of a JSON file.
 *
 * @param path The file.
 * @param mend What to do if there is no such file, told after the error.
 * @throws {Deno.errors.NotFound} If there is none.
 * @throws {SyntaxError} If it isn't JSON.
 */
export async function readJson(path: string, mend: string): Promise<unknown> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot read ${path}: there is no such file; ${mend}`,
    );
  }
  return parseJson(text, path);
}

/** The value of a file's text, or an error that names the file. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(`Cannot read ${path}: it is not JSON`);
  }
}
