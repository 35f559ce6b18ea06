import { nearest } from "../base/nearest_names.ts";
import type { Suite } from "../data/types.ts";
import { assembleTask, assignSplits, draftTask } from "./assemble.ts";
import { sourceVersions } from "./package_folders.ts";
import { RECIPES } from "./recipes.ts";
import { loadSources } from "./sources.ts";
import { selfShowing } from "../report/notebook/mod.ts";

/** Options of {@linkcode buildDocsSuite} and {@linkcode docsSuite}. */
export interface DocsSuiteOptions {
  /**
   * Names of the tasks wanted, in order.
   *
   * @default all of them, by code point of their names
   */
  tasks?: readonly string[];
}

/**
 * Builds the docs suite: tasks made from real text that every machine with
 * Deno has or gets with the package's own dependencies, so nothing comes from
 * a hub. The sources are the documentation in `deno types`, the web platform's
 * types and the compiler messages in many languages (`typescript`), the types of
 * Node and of tfjs-core, and the schema of Vega-Lite.
 *
 * Each task has splits train, dev and test (about 70, 10 and 20 %). Queries and
 * passages that are equal after {@linkcode normaliseText} are merged; whatever
 * shares its origin, a text or a stock sentence is in the same split in all
 * tasks. The same versions of Deno and the packages give the same suite, and
 * `tasks` chooses from it without changing the rest.
 *
 * Needs leave to read files and to run Deno (`deno types`). Takes a few
 * seconds; {@linkcode docsSuite} keeps the result.
 *
 * @param options Which tasks.
 * @returns The suite, named `docs`.
 * @throws {RangeError} If a task asked for doesn't exist, or twice.
 * @throws {Deno.errors.NotFound} If the files of a package can't be found.
 *
 * @example Usage
 * ```ts
 * import { buildDocsSuite } from "@tdro/tdro/docs-suite";
 * import assert from "node:assert/strict";
 *
 * const suite = await buildDocsSuite({ tasks: ["messages-ja-en", "tfjs-ops"] });
 * assert.deepEqual(suite.tasks[0]!.language, ["ja", "en"]);
 * assert(suite.tasks[1]!.qrels.train!.size > 100);
 * ```
 */
export async function buildDocsSuite(
  { tasks }: DocsSuiteOptions = {},
): Promise<Suite> {
  const chosen = chooseDocsTasks(tasks);
  const versions = await sourceVersions();
  const sources = await loadSources(versions);
  const drafts = RECIPES.map((recipe) => draftTask(recipe, sources));
  // Over all tasks, so that a choice doesn't move a query to another split.
  const splits = assignSplits(drafts);
  return selfShowing({
    name: "docs",
    tasks: chosen.map((name) =>
      selfShowing(assembleTask(
        drafts.find((draft) => draft.recipe.name === name)!,
        splits,
        versions,
      ))
    ),
  });
}

/**
 * Names of the docs suite's tasks, without building it.
 *
 * @returns The names, in order of domain id.
 *
 * @example Usage
 * ```ts
 * import { docsTaskNames } from "@tdro/tdro/docs-suite";
 * import assert from "node:assert/strict";
 *
 * assert(docsTaskNames().includes("deno-api"));
 * ```
 */
export function docsTaskNames(): string[] {
  return RECIPES.map((recipe) => recipe.name);
}

/** The names chosen, checked; all of them if none is given. */
export function chooseDocsTasks(tasks?: readonly string[]): readonly string[] {
  const names = docsTaskNames();
  tasks?.forEach((name, i) => {
    if (!names.includes(name)) {
      throw new RangeError(
        `Cannot find task ${
          JSON.stringify(name)
        } of the docs suite: nearest are ${nearest(name, names).join(", ")}`,
      );
    }
    if (tasks.indexOf(name) < i) {
      throw new RangeError(
        `Cannot choose task ${JSON.stringify(name)} of the docs suite twice`,
      );
    }
  });
  return tasks ?? names;
}
