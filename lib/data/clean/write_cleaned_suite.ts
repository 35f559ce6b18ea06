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
 * import assert from "node:assert/strict";
 *
 * const judged = new Map([["p", 1]]);
 * const cleaned = cleanSuite({
 *   name: "demo",
 *   tasks: [{
 *     name: "capitals", prompt: "", language: "en", kind: "faq", license: "CC0-1.0", source: "",
 *     corpus: new Map([["p", { id: "p", text: "Paris" }]]),
 *     queries: new Map([
 *       ["a", { id: "a", text: "Capital of France?" }],
 *       ["b", { id: "b", text: "capital of France" }],
 *     ]),
 *     qrels: { train: new Map([["a", judged]]), test: new Map([["b", judged]]) },
 *   }],
 * });
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
