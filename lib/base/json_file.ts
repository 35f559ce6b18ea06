import { writeWhole } from "./write_whole.ts";

/**
 * Content of a JSON file that was written by us.
 *
 * @param path The file.
 * @returns Its value; `undefined` if there is no such file.
 */
export async function readJsonIfThere<T>(
  path: string,
): Promise<T | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
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
