import { writeWhole } from "../../base/files/write_whole.ts";
import type { Passage, Query, TaskInfo } from "../types.ts";

/** A passage as a line of `corpus.jsonl`. */
export function passageLine({ id, title = "", text }: Passage): string {
  return `${JSON.stringify({ _id: id, title, text })}\n`;
}

/** A query as a line of `queries.jsonl`. */
export function queryLine({ id, text }: Query): string {
  return `${JSON.stringify({ _id: id, text })}\n`;
}

/** Writes `task.json`. */
export async function writeTaskInfo(
  folder: string,
  { info, counts }: { info: TaskInfo; counts: Record<string, number> },
): Promise<void> {
  const file = {
    task: info.name,
    language: info.language,
    type: info.kind,
    prompt: info.prompt,
    license: info.license,
    source: info.source,
    transform: info.transform,
    counts,
  };
  await writeJson(`${folder}/task.json`, file);
}

/** Writes `suite.json`. */
export async function writeSuiteList(
  folder: string,
  { name, tasks }: { name: string; tasks: readonly string[] },
): Promise<void> {
  await writeJson(`${folder}/suite.json`, { name, tasks });
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeWhole(path, `${JSON.stringify(value, null, 2)}\n`);
}
