import { writeSuite, type WriteSuiteOptions } from "../beir/write_suite.ts";
import type { CleanedSuite } from "./clean_suite.ts";

/**
 * Writes a cleaned suite as {@linkcode writeSuite} does, with two files more:
 * `removed.jsonl`, a line for each query taken out with what it is near to,
 * and `cleaned.json`, the counts.
 *
 * @param cleaned What {@linkcode cleanSuite} gave.
 * @param folder Where to.
 * @param options Whether an old folder may be replaced.
 * @throws {RangeError} As {@linkcode writeSuite}.
 *
 * @example Usage
 * ```ts
 * import { cleanSuite, writeCleanedSuite } from "@tdro/tdro/data";
 * import { buildDocsSuite } from "@tdro/tdro/docs-suite";
 * import assert from "node:assert/strict";
 *
 * const cleaned = cleanSuite(await buildDocsSuite({ tasks: ["es-lib"] }));
 * const folder = `${await Deno.makeTempDir()}/clean`;
 * await writeCleanedSuite(cleaned, folder);
 * const { tasks } = JSON.parse(await Deno.readTextFile(`${folder}/cleaned.json`));
 * assert.deepEqual(tasks, cleaned.tasks);
 * ```
 */
export async function writeCleanedSuite(
  { suite, removed, tasks }: CleanedSuite,
  folder: string,
  options: WriteSuiteOptions = {},
): Promise<void> {
  await writeSuite(suite, folder, {
    ...options,
    files: {
      "removed.jsonl": removed.map((one) => `${JSON.stringify(one)}\n`).join(
        "",
      ),
      "cleaned.json": `${JSON.stringify({ tasks }, null, 2)}\n`,
    },
  });
}
