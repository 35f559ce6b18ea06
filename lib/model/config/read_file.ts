import type { z } from "zod";
import { parseJson } from "../../base/files/json_file.ts";
import { readTextIfThere } from "../../base/files/read_text.ts";

/** A JSON file of this form, or `undefined` if there is none. */
export async function readIfPresent<T>(
  path: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  const { data, error } = schema.safeParse(parseJson(text, path));
  if (error) {
    const { path: field, message } = error.issues[0]!;
    throw new SyntaxError(
      `Cannot read ${path}: ${[...field, message].join(": ")}`,
    );
  }
  return data;
}

/** A JSON file that modules.json names; `otherwise` stands for one that isn't there. */
export async function readRequired<T>(
  path: string,
  schema: z.ZodType<T>,
  otherwise?: T,
): Promise<T> {
  const file = await readIfPresent(path, schema) ?? otherwise;
  if (file !== undefined) return file;
  throw new Deno.errors.NotFound(
    `Cannot read ${path}: modules.json names it, but there is no such file`,
  );
}
