import { basename, resolve } from "node:path";
import { compareCodePoints } from "../../base/compare_code_points.ts";
import { nearest } from "../../base/nearest_names.ts";
import { openTaskFiles } from "./open_task.ts";
import { suiteFile } from "./schemas.ts";
import {
  checkFolder,
  plainOrGzip,
  readJsonFile,
  readTaskInfo,
} from "./task_folder.ts";
import type { Suite, TaskInfo } from "../types.ts";
import { exists } from "../../base/files/exists.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/** Options of {@linkcode openSuite}. */
export interface OpenSuiteOptions {
  /**
   * Names of the tasks to open, in the order wanted; the others are not read.
   *
   * @default all of them, in the order of the suite
   */
  tasks?: readonly string[];
  /**
   * Take judgments of queries and passages that aren't there, instead of
   * refusing the file; {@linkcode checkSuite} counts them.
   *
   * @default {false}
   */
  dangling?: boolean;
}

/** A task folder, with what its `task.json` says. */
interface Found {
  folder: string;
  info: TaskInfo;
}

/**
 * Opens a folder of task folders (see {@linkcode openTask}) as a suite. The
 * order of the tasks, and so their domain ids, is that of `suite.json`
 * (`{"name": …, "tasks": […]}`) if there is one; else that of the folder names
 * by code point, so it's the same on every machine.
 *
 * @param folder The suite's folder.
 * @param options Which tasks, in which order.
 * @returns The suite, all in memory.
 * @throws {RangeError} If a task asked for isn't there (the message names the
 * nearest), is asked for twice, or two folders have a task of one name.
 * @throws {SyntaxError} If a file is malformed (see {@linkcode openTask}).
 * @throws {Deno.errors.NotFound} If the folder or a file of it is missing, or
 * holds no task folder.
 *
 * @example Usage
 * ```ts
 * import { openSuite, writeSuite } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const folder = `${await Deno.makeTempDir()}/suite`;
 * const task = {
 *   name: "capitals", prompt: "", language: "en", kind: "question-passage",
 *   license: "CC0-1.0", source: "written for this example",
 *   corpus: new Map([["p1", { id: "p1", text: "Paris" }]]),
 *   queries: new Map([["q1", { id: "q1", text: "Capital of France?" }]]),
 *   qrels: { test: new Map([["q1", new Map([["p1", 1]])]]) },
 * };
 * await writeSuite({ name: "demo", tasks: [task] }, folder);
 *
 * const suite = await openSuite(folder, { tasks: ["capitals"] });
 * assert.deepEqual(suite.tasks, [task]);
 * ```
 */
export async function openSuite(
  folder: string,
  { tasks, dangling }: OpenSuiteOptions = {},
): Promise<Suite> {
  await checkFolder("suite", folder);
  const file = await readJsonFile(`${folder}/suite.json`, suiteFile);
  const all = await findTasks(folder);
  const ordered = file ? choose(`${folder}/suite.json`, all, file.tasks) : all;
  const chosen = tasks ? choose(`suite ${folder}`, ordered, tasks) : ordered;
  const suite: Suite = {
    name: file?.name ?? basename(resolve(folder)),
    tasks: [],
  };
  // One after the other: each is read from disk as fast as it parses.
  for (const { folder, info } of chosen) {
    suite.tasks.push(await openTaskFiles(folder, info, { dangling }));
  }
  return selfShowing(suite);
}

/**
 * Tasks whose folders lie in a suite's folder, but which its `suite.json` doesn't
 * list, so that {@linkcode openSuite} leaves them out.
 *
 * @param folder The suite's folder.
 * @returns Their names; none where there is no list.
 * @throws As {@linkcode openSuite}.
 *
 * @example Usage
 * ```ts
 * import { unlistedTasks, writeSuite } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const task = {
 *   name: "capitals", prompt: "", language: "en", kind: "question-passage",
 *   license: "CC0-1.0", source: "written for this example",
 *   corpus: new Map([["p1", { id: "p1", text: "Paris" }]]),
 *   queries: new Map([["q1", { id: "q1", text: "Capital of France?" }]]),
 *   qrels: { test: new Map([["q1", new Map([["p1", 1]])]]) },
 * };
 * const folder = `${await Deno.makeTempDir()}/suite`;
 * await writeSuite({ name: "demo", tasks: [task, { ...task, name: "new" }] }, folder);
 * assert.deepEqual(await unlistedTasks(folder), []);
 * await Deno.writeTextFile(`${folder}/suite.json`, `{"name": "demo", "tasks": ["capitals"]}`);
 * assert.deepEqual(await unlistedTasks(folder), ["new"]);
 * ```
 */
export async function unlistedTasks(folder: string): Promise<string[]> {
  const file = await readJsonFile(`${folder}/suite.json`, suiteFile);
  if (!file) return [];
  const listed = new Set(file.tasks);
  return (await findTasks(folder)).map(({ info }) => info.name)
    .filter((name) => !listed.has(name));
}

/** Task folders by code point of the folder's name. */
async function findTasks(folder: string): Promise<Found[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith(".") && await isTaskFolder(`${folder}/${name}`)) {
      names.push(name);
    }
  }
  if (names.length === 0) {
    throw new Deno.errors.NotFound(
      await isTaskFolder(folder)
        ? `Cannot open suite ${folder}: it is a task folder itself; open it with openTask(), or give the folder above`
        : `Cannot open suite ${folder}: it holds no task folder (one with corpus.jsonl, queries.jsonl and qrels/)`,
    );
  }
  const found: Found[] = [];
  for (const name of names.sort(compareCodePoints)) {
    const info = await readTaskInfo(`${folder}/${name}`);
    const twin = found.find((other) => other.info.name === info.name);
    if (twin) {
      throw new RangeError(
        `Cannot open suite ${folder}: ${twin.folder} and ${folder}/${name} both hold a task named ${
          JSON.stringify(info.name)
        }; change "task" in one task.json`,
      );
    }
    found.push({ folder: `${folder}/${name}`, info });
  }
  return found;
}

/** Whether a folder is one of a task, from a file that each has. */
export async function isTaskFolder(path: string): Promise<boolean> {
  return await exists(`${path}/task.json`) ||
    await plainOrGzip(`${path}/corpus.jsonl`) !== undefined;
}

/** The tasks of these names, in this order. */
function choose(
  where: string,
  found: readonly Found[],
  names: readonly string[],
): Found[] {
  const byName = new Map(found.map((task) => [task.info.name, task]));
  if (names.length === 0) {
    throw new RangeError(`Cannot choose tasks of ${where}: none is named`);
  }
  return names.map((name, i) => {
    const task = byName.get(name);
    if (!task) {
      throw new RangeError(
        `Cannot find task ${JSON.stringify(name)} of ${where}: nearest are ${
          nearest(name, [...byName.keys()]).join(", ")
        }`,
      );
    }
    if (names.indexOf(name) < i) {
      throw new RangeError(
        `Cannot choose task ${JSON.stringify(name)} of ${where} twice`,
      );
    }
    return task;
  });
}
