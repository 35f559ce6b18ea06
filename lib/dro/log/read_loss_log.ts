import { readText } from "../../base/files/read_text.ts";
import { type LogPart, type LossLog, parseLossLogs } from "./parse_loss_log.ts";

/**
 * Reads a log of losses from a file, or from several that follow one another
 * (a log a job of one training); {@linkcode parseLossLog} tells their form. A
 * whole file is held in memory, and must be shorter than about 500 MB; the
 * released settings of tDRO log about 40 MB.
 *
 * @param path The file: JSONL, or the `metrics.jsonl` of a tdro run; or the
 * files, in the order of time.
 * @returns The micro-batches and what the header says.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {SyntaxError} If a line is wrong; the message begins with
 * `path:line`.
 *
 * @example Usage
 * ```ts
 * import { readLossLog } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/losses.jsonl`;
 * await Deno.writeTextFile(path, `{"losses": [1, 2], "domains": [0, 1]}\n{"los`);
 * const { lines, warnings } = await readLossLog(path);
 * assert.equal(lines.length, 1);
 * assert.match(warnings[0]!, /losses.jsonl:2: the last line breaks off/);
 * ```
 */
export async function readLossLog(
  path: string | readonly string[],
): Promise<LossLog> {
  const parts: LogPart[] = [];
  for (const file of [path].flat()) {
    const complaint =
      `Cannot read losses: there is no file ${file}; check the path`;
    const text = await readText(file, complaint, { torn: true });
    parts.push({ path: file, text });
  }
  return parseLossLogs(parts);
}
