import { join } from "node:path";
import { z } from "zod";
import { hashFile } from "./hash_file.ts";
import { readJsonIfThere, writeJson } from "./json_file.ts";

/** File of a folder that holds the SHA-256 of the others. */
export const CHECKSUMS = "checksums.json";

const checksums = z.object({
  format: z.literal("tdro-checksums/1"),
  /** SHA-256 in hexadecimal digits by path in the folder. */
  files: z.record(z.string(), z.string()),
});

type Checksums = z.infer<typeof checksums>;

/** Says that the files of a folder aren't those that were written. */
export class DamageError extends SyntaxError {
  /** What is wrong, starting with the file's path. */
  readonly damage: string;

  /**
   * @param damage What is wrong, starting with the file's path.
   * @param message The whole message.
   */
  constructor(damage: string, message: string) {
    super(message);
    this.damage = damage;
  }
}

/** Notes the SHA-256 of each file of a folder, in the folder. */
export async function writeChecksums(folder: string): Promise<void> {
  const files: [string, string][] = [];
  for await (const path of filesOf(folder)) {
    if (path !== CHECKSUMS) {
      files.push([path, (await hashFile(join(folder, path))).sha256]);
    }
  }
  const sorted = Object.fromEntries(files.sort());
  const content: Checksums = { format: "tdro-checksums/1", files: sorted };
  await writeJson(join(folder, CHECKSUMS), content);
}

/**
 * Checks the files of a folder against their SHA-256.
 *
 * @param folder The folder.
 * @returns What is wrong, starting with the file's path; `undefined` if nothing
 * is, or if the folder is from a version that noted no hashes.
 */
export async function findDamage(folder: string): Promise<string | undefined> {
  let noted: Checksums | undefined;
  try {
    noted = await readJsonIfThere(join(folder, CHECKSUMS), checksums);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return `${join(folder, CHECKSUMS)} is no list of checksums`;
  }
  if (noted === undefined) return;
  for (const [name, sha256] of Object.entries(noted.files)) {
    const path = join(folder, name);
    try {
      if ((await hashFile(path)).sha256 !== sha256) {
        return `${path} is damaged (its SHA-256 is not the one noted)`;
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return `${path} is missing`;
      if (!(error instanceof Deno.errors.IsADirectory)) throw error;
      return `${path} is a folder`;
    }
  }
}

async function* filesOf(folder: string, below = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(folder, below))) {
    const path = below ? `${below}/${entry.name}` : entry.name;
    if (entry.isDirectory) yield* filesOf(folder, path);
    else if (entry.isFile) yield path;
  }
}
