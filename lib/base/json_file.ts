import { readText, readTextIfThere } from "./read_text.ts";
import { writeWhole } from "./write_whole.ts";
import { jsonValue } from "./json_value.ts";

/**
 * Content of a JSON file.
 *
 * @param path The file.
 * @param mend What to do if there is no such file, told after the error.
 * @throws {Deno.errors.NotFound} If there is none.
 * @throws {SyntaxError} If it isn't JSON.
 */
export async function readJson(path: string, mend: string): Promise<unknown> {
  const complaint = `Cannot read ${path}: there is no such file; ${mend}`;
  return parseJson(await readText(path, complaint), path);
}

/** The value of a file's text, or an error that names the file. */
export function parseJson(text: string, path: string): unknown {
  try {
    return jsonValue(text);
  } catch {
    throw new SyntaxError(
      `Cannot read ${path}: it is not JSON, or nested too deeply`,
    );
  }
}

/**
 * Content of a JSON file that was written by us.
 *
 * @param path The file.
 * @returns Its value; `undefined` if there is no such file.
 */
export async function readJsonIfThere<T>(
  path: string,
): Promise<T | undefined> {
  const text = await readTextIfThere(path);
  return text === undefined ? undefined : parseJson(text, path) as T;
}

/**
 * Writes a JSON file that appears only when whole.
 *
 * @param path The file.
 * @param value What to write.
 * @param indent Blanks a level; 0 puts all on one line. @default {2}
 */
export async function writeJson(
  path: string,
  value: unknown,
  indent = 2,
): Promise<void> {
  await writeWhole(path, `${JSON.stringify(value, null, indent)}\n`);
}
