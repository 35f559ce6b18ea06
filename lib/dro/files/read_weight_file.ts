import { join } from "node:path";
import { isFolder } from "../../base/files/exists.ts";
import { readText } from "../../base/files/read_text.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { formatWeightFile } from "./format_weight_file.ts";
import { parseWeightFile } from "./parse_weight_file.ts";
import type { WeightFile } from "./weight_file.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/**
 * Reads a weight file (spec section 11).
 *
 * @param path The file, or the folder of a run.
 * @returns Its content.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {SyntaxError} If it isn't a weight file.
 *
 * @example Usage
 * ```ts
 * import { readWeightFile, weightFile, writeWeightFile } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/weights.json`;
 * const file = weightFile({ names: ["nq"], weights: [1], sizes: [58800] });
 * await writeWeightFile(path, file);
 * assert.deepEqual(await readWeightFile(path), file);
 * ```
 */
export async function readWeightFile(path: string): Promise<WeightFile> {
  const file = await isFolder(path) ? join(path, "weights.json") : path;
  const complaint =
    `Cannot read weights: there is no file ${file}; check the path`;
  const text = await readText(file, complaint);
  return selfShowing(parseWeightFile(text, { path: file }));
}

/**
 * Writes a weight file in the reference's form; it appears only once complete.
 *
 * @param path The file; missing folders are made.
 * @param file What to write.
 *
 * @example Usage
 * ```ts
 * import { weightFile, writeWeightFile } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/weights.json`;
 * const file = weightFile({ names: ["nq"], weights: [1], sizes: [58800] });
 * await writeWeightFile(path, file);
 * assert.ok((await Deno.readTextFile(path)).startsWith("{"));
 * ```
 */
export async function writeWeightFile(
  path: string,
  file: WeightFile,
): Promise<void> {
  await writeWhole(path, formatWeightFile(file));
}
