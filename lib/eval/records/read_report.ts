import { join } from "node:path";
import { nameOfToday } from "../../base/earlier_names.ts";
import { isFile, isFolder } from "../../base/files/exists.ts";
import { readText } from "../../base/files/read_text.ts";
import { z } from "zod";
import type { EvalReport } from "./eval_report.ts";
import { describeIssue } from "../../base/describe_issue.ts";
import { jsonValue } from "../../base/json_value.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

const values = z.record(z.string(), z.number());

/** What every report has; benchmarks and later versions add to it. */
const report = z.looseObject({
  format: z.literal("tdro-eval/1"),
  suite: z.string(),
  settings: z.looseObject({
    metrics: z.array(z.string()).min(1),
    k: z.number(),
  }),
  tasks: z.array(z.looseObject({
    task: z.string(),
    prompt: z.string(),
    passages: z.number(),
    mean: values,
    queryIds: z.array(z.string()),
    perQuery: z.record(z.string(), z.array(z.number())),
  })),
  mean: values,
});

/**
 * Reads a report that `tdro eval`, `tdro run` or `tdro train` wrote. A file that holds
 * several (a run's arms) needs the name of one, after `#`.
 *
 * @param path File, e.g. `eval.json`, or `runs/demo/eval.json#reweighted`; or a
 * run's folder, `runs/demo#reweighted`.
 * @returns The report.
 * @throws {SyntaxError} If the file holds no report.
 * @throws {RangeError} If it holds several and none is named, or none of that name.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { readReport } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(readReport("nowhere/eval.json"), Deno.errors.NotFound);
 * ```
 */
export async function readReport(path: string): Promise<EvalReport> {
  const { file, name } = await fileOf(path);
  const value = await readValue(file);
  const holds = reportsIn(value);
  if (!holds) return parseReport(value, file);
  const names = Object.keys(holds);
  if (names.length === 0) throw noReport(file, "it is empty");
  // Beside one retriever there are what nothing was trained for.
  const trained = names.filter((each) => !["bm25", "start"].includes(each));
  const wanted = (name && nameOfToday(name)) ??
    (trained.length === 1 ? trained[0] : undefined);
  if (wanted === undefined || !Object.hasOwn(holds, wanted)) {
    throw new RangeError(
      `Cannot read ${path}: it must name one of the file's reports, ${
        names.map((each) => `${file}#${each}`).join(", ")
      }`,
    );
  }
  return parseReport(holds[wanted], `${file}#${wanted}`);
}

/**
 * Reads the reports of a file that holds several, such as a run's `eval.json`.
 *
 * @param path The file.
 * @param names Those to read, as far as they are there. @default {all}
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
  names?: readonly string[],
): Promise<Record<string, EvalReport>> {
  if (!await isFile(path)) return {};
  const holds = reportsIn(await readValue(path));
  if (!holds) throw noReport(path, "it must hold reports by name");
  const wanted = names?.filter((name) => Object.hasOwn(holds, name)) ??
    Object.keys(holds);
  return Object.fromEntries(
    wanted.map((name) => [name, parseReport(holds[name], `${path}#${name}`)]),
  );
}

/** What a file with several reports holds, by name; nothing for any other. */
function reportsIn(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || "format" in value) return;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [nameOfToday(name), each]),
  );
}

/** The file that a path means, and the report in it, if one is named. */
async function fileOf(path: string): Promise<{ file: string; name?: string }> {
  if (await isFolder(path)) return { file: join(path, "eval.json") };
  const [, before, name] = /^(.+)#([^#]+)$/.exec(path) ?? [];
  if (before === undefined || name === undefined) return { file: path };
  if (await isFolder(before)) return { file: join(before, "eval.json"), name };
  return before.endsWith(".json") ? { file: before, name } : { file: path };
}

function parseReport(value: unknown, where: string): EvalReport {
  const parsed = report.safeParse(value);
  if (!parsed.success) {
    throw noReport(where, describeIssue(parsed.error.issues[0]!, value));
  }
  for (const { task, queryIds, perQuery } of parsed.data.tasks) {
    for (const [metric, list] of Object.entries(perQuery)) {
      if (list.length === queryIds.length) continue;
      throw noReport(
        where,
        `task ${task} must have a value of ${metric} for each of its ${queryIds.length} queries: got ${list.length}`,
      );
    }
  }
  return selfShowing(value as EvalReport);
}

async function readValue(path: string): Promise<unknown> {
  const complaint = `Cannot read ${path}: there is no such file`;
  const text = await readText(path, complaint);
  try {
    return jsonValue(text);
  } catch (error) {
    throw noReport(path, (error as Error).message);
  }
}

function noReport(path: string, why: string): SyntaxError {
  return new SyntaxError(`Cannot read ${path} as an evaluation: ${why}`);
}
