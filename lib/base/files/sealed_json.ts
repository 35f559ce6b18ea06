import { createHash } from "node:crypto";
import type { z } from "zod";
import { DamageError } from "./checksums.ts";
import { describeIssue } from "../describe_issue.ts";
import { writeJson } from "./json_file.ts";
import { jsonValue } from "../json_value.ts";
import { readTextIfThere } from "./read_text.ts";

/** Adds to an object the SHA-256 of its JSON. */
export function seal<T extends object>(value: T): T & { sha256: string } {
  return { ...value, sha256: hashOf(value) };
}

/**
 * Takes off what {@linkcode seal} added.
 *
 * @returns The value; `undefined` if it isn't what was sealed. What was never
 * sealed, by a version before, is as it is.
 */
export function unseal<T extends object>(sealed: T): T | undefined {
  const { sha256, ...value } = sealed as T & { sha256?: string };
  if (sha256 === undefined) return sealed;
  return sha256 === hashOf(value) ? value as T : undefined;
}

function hashOf(value: object): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

/** Writes an object as a JSON file that tells damage. */
export async function writeSealed(
  path: string,
  value: object,
  indent = 1,
): Promise<void> {
  await writeJson(path, seal(value), indent);
}

/**
 * Reads what {@linkcode writeSealed} wrote.
 *
 * @param path The file.
 * @param options `schema`: what it must be; `mend`: what to do if it isn't, told
 * after the error.
 * @returns Its value; `undefined` if there is no such file.
 * @throws {DamageError} If it isn't what was written.
 */
export async function readSealed<T>(
  path: string,
  { schema, mend }: { schema: z.ZodType<T>; mend: string },
): Promise<T | undefined> {
  const text = await readTextIfThere(path);
  if (text === undefined) return;
  const damaged = (how: string) => {
    const damage = `${path} is damaged (${how})`;
    return new DamageError(damage, `Cannot continue: ${damage}; ${mend}`);
  };
  let sealed: unknown;
  try {
    sealed = jsonValue(text);
  } catch {
    throw damaged("it is not JSON");
  }
  const value = typeof sealed === "object" && sealed !== null
    ? unseal(sealed)
    : undefined;
  if (value === undefined) throw damaged("its SHA-256 is not the one noted");
  const { data, error } = schema.safeParse(value);
  if (!error) return data;
  throw damaged(describeIssue(error.issues[0]!, value));
}
