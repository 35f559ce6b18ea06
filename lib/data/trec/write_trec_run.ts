import { checkColumnId } from "./columns.ts";
import { compareCodePoints } from "../../base/compare_code_points.ts";
import type { Run } from "../types.ts";
import { writeWhole } from "../../base/files/write_whole.ts";

/** Options of {@linkcode writeTrecRun}. */
export interface WriteTrecRunOptions {
  /** Name of the system, the last column; no blanks. @default {"tdro"} */
  name?: string;
}

/**
 * Writes a run in TREC format. Queries keep their order; the passages of a
 * query are ranked as trec_eval ranks them: by score (compared as float32),
 * highest first, ties by passage id, descending by code point. Scores are
 * written so that {@linkcode readTrecRun} gets the same float64. A query
 * without passages leaves no line: the format has no form for it.
 *
 * @param path File to write; it appears under its name only when whole.
 * @param run Query id → passage id → score.
 * @throws {RangeError} If a score is not finite, or an id or the name holds a
 * blank: columns are separated by blanks.
 *
 * @example Usage
 * ```ts
 * import { readTrecRun, writeTrecRun } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/run.txt`;
 * const run = new Map([["q1", new Map([["p1", 0.5], ["p2", 0.7]])]]);
 * await writeTrecRun(path, run, { name: "demo" });
 * assert((await Deno.readTextFile(path)).startsWith("q1 Q0 p2 1 0.7 demo\n"));
 * assert.equal((await readTrecRun(path)).get("q1")!.get("p1"), 0.5);
 * ```
 */
export async function writeTrecRun(
  path: string,
  run: Run,
  { name = "tdro" }: WriteTrecRunOptions = {},
): Promise<void> {
  checkColumnId(name, path, { blanks: false });
  await writeWhole(path, runLines(path, run, name));
}

function* runLines(path: string, run: Run, name: string): Generator<string> {
  for (const [query, scores] of run) {
    checkColumnId(query, path, { blanks: false });
    const ranked = [...scores].sort(([idA, a], [idB, b]) =>
      Math.fround(b) - Math.fround(a) || compareCodePoints(idB, idA)
    );
    let lines = "";
    ranked.forEach(([passage, score], i) => {
      checkColumnId(passage, path, { blanks: false });
      if (!Number.isFinite(score)) {
        throw new RangeError(
          `Cannot write ${path}: the score of query ${
            JSON.stringify(query)
          }, passage ${JSON.stringify(passage)} must be finite: got ${score}`,
        );
      }
      const text = Object.is(score, -0) ? "-0" : String(score);
      lines += `${query} Q0 ${passage} ${i + 1} ${text} ${name}\n`;
    });
    yield lines;
  }
}
