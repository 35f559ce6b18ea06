import { isFile } from "../../base/files/exists.ts";
import { parseJson } from "../../base/files/json_file.ts";
import type { EvalReport } from "./eval_report.ts";
import { readReport } from "./read_report.ts";

/**
 * Reads all reports of a file that holds several, such as a run's `eval.json`.
 *
 * @param path The file.
 * @returns The reports by name; none if there is no such file.
 * @throws {SyntaxError} If one of them is no report.
 *
 * @example Usage
 * ```ts
 * import { readReports } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(await readReports("nowhere/eval.json"), {});
 * ```
 */
export async function readReports(
  path: string,
): Promise<Record<string, EvalReport>> {
  if (!await isFile(path)) return {};
  const value = parseJson(await Deno.readTextFile(path), path);
  const reports: [string, EvalReport][] = [];
  for (const name of Object.keys(value ?? {})) {
    reports.push([name, await readReport(`${path}#${name}`)]);
  }
  return Object.fromEntries(reports);
}
