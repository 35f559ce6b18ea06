import { readText, readTextIfThere } from "./read_text.ts";
import { writeWhole } from "./write_whole.ts";
import type { z } from "zod";
import { describeIssue } from "../describe_issue.ts";
import { jsonValue } from "../json_value.ts";

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
 * @param schema What it must be.
 * @returns Its value; `undefined` if there is no such file.
 * @throws {SyntaxError} If it isn't.
 */
export async function readJsonIfThere<T>(
  path: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  const value = parseJson(text, path);
  const { data, error } = schema.safeParse(value);
  if (!error) return data;
  const problem = describeIssue(error.issues[0]!, value);
  throw new SyntaxError(
    `Cannot read ${path}: ${
      problem.replace("the line", "it")
    }; remove it to have it made anew`,
  );
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
