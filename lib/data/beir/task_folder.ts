import { readTextIfThere } from "../../base/files/read_text.ts";
import { basename, resolve } from "node:path";
import type { z } from "zod";
import { exists, isFolder } from "../../base/files/exists.ts";
import { taskFile } from "./schemas.ts";
import { taskNameProblem } from "./task_name.ts";
import type { TaskInfo } from "../types.ts";
import { describeIssue } from "../../base/describe_issue.ts";
import { jsonValue } from "../../base/json_value.ts";

/** Throws if there is no folder of this name. */
export async function checkFolder(what: string, path: string): Promise<void> {
  if (await isFolder(path)) return;
  throw new Deno.errors.NotFound(
    `Cannot open ${what} ${path}: there is no such folder`,
  );
}

/** The file, or its gzipped form; the plain one if both are there. */
export async function plainOrGzip(path: string): Promise<string | undefined> {
  if (await exists(path)) return path;
  return await exists(`${path}.gz`) ? `${path}.gz` : undefined;
}

/** Reads a small JSON file; `undefined` if there is none. */
export async function readJsonFile<T>(
  path: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = jsonValue(text);
  } catch (error) {
    throw new SyntaxError(
      `Cannot read ${path} as JSON: ${(error as Error).message}`,
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SyntaxError(
    `Cannot use ${path}: ${
      describeIssue(parsed.error.issues[0]!, value).replace("the line", "it")
    }`,
  );
}

/** What `task.json` says of a task folder, with what holds if it says nothing. */
export async function readTaskInfo(folder: string): Promise<TaskInfo> {
  const file = await readJsonFile(`${folder}/task.json`, taskFile) ?? {};
  const info: TaskInfo = {
    name: file.task ?? basename(resolve(folder)),
    prompt: file.prompt ?? "",
    language: file.language ?? "und",
    kind: file.type ?? "unknown",
    license: file.license ?? "unstated",
    source: file.source ?? "",
  };
  const problem = taskNameProblem(info.name);
  if (problem !== undefined) {
    throw new SyntaxError(
      `Cannot open task folder ${folder}: the task's name ${problem}; ${
        file.task === undefined
          ? "rename the folder, or name the task in its task.json"
          : 'change "task" in its task.json'
      }`,
    );
  }
  if (file.transform !== undefined) info.transform = file.transform;
  return info;
}
