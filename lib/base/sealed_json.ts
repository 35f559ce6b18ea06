import { createHash } from "node:crypto";
import { DamageError } from "./checksums.ts";
import { writeJson } from "./json_file.ts";
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
 * @param mend What to do if it is damaged, told after the error.
 * @returns Its value; `undefined` if there is no such file.
 * @throws {DamageError} If it isn't what was written.
 */
export async function readSealed<T extends object>(
  path: string,
  mend: string,
): Promise<T | undefined> {
  const text = await readTextIfThere(path);
  if (text === undefined) return;
  const damaged = (damage: string) =>
    new DamageError(damage, `Cannot go on: ${damage}; ${mend}`);
  let sealed: unknown;
  try {
    sealed = JSON.parse(text);
  } catch {
    throw damaged(`${path} is damaged (it is not JSON)`);
  }
  const value = typeof sealed === "object" && sealed !== null
    ? unseal(sealed as T)
    : undefined;
  if (value !== undefined) return value;
  throw damaged(`${path} is damaged (its SHA-256 is not the one noted)`);
}
