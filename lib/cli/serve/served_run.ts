import { basename, resolve } from "node:path";
import type { Suite } from "../../data/mod.ts";
import type { EvalReport } from "../../eval/mod.ts";
import type { RunModel } from "../../experiment/retriever/run_models.ts";

/** What the page shows: a run and the suite that it was made on. */
export interface ServedRun {
  /** Short name: the last part of its folder's. */
  name: string;
  /** The run's tasks, as far as they are in the suite. */
  suite: Suite;
  /** The models, the untrained start first. */
  arms: RunModel[];
  /** Scores of each query, by arm; empty if the run has no evaluation. */
  reports: Readonly<Record<string, EvalReport>>;
  /** What a reader must know before trusting the page, a sentence each. */
  notes: string[];
}

/**
 * Opens a run or a training run to search with its models.
 *
 * @param folder Its folder.
 * @param suiteFolder Folder of the suite that it was made on.
 * @throws {Deno.errors.NotFound} If the folder holds no run, or no model yet.
 * @throws {RangeError} If the suite has none of its tasks, or `eval.json` is damaged.
 */
export async function openServedRun(
  folder: string,
  suiteFolder: string | undefined,
): Promise<ServedRun> {
  const { readRunModels, startOf } = await import(
    "../../experiment/retriever/run_models.ts"
  );
  const { suiteOfRun } = await import(
    "../../experiment/retriever/suite_of_run.ts"
  );
  const { record, reports, models } = await readRunModels(folder, "serve");
  if (suiteFolder === undefined) {
    throw new RangeError(
      `Cannot serve ${folder}: --suite must name the folder of its suite, ${record.suite.name}: got none`,
    );
  }
  const { suite, difference } = await suiteOfRun(
    record,
    suiteFolder,
    "serve the run",
  );
  const start = await startOf({ record, reports });
  const notes = [
    difference &&
    `The suite in ${suiteFolder} is not the one that the run was made on (${difference}): hits and judgments may not fit its scores.`,
    record.status === "finished" ? undefined : "The run isn't finished.",
    typeof start === "string" ? start : undefined,
    Object.keys(reports).length > 0
      ? undefined
      : "The run has no eval.json, so that no query has a score.",
  ];
  return {
    name: basename(resolve(folder)),
    suite,
    arms: typeof start === "string" ? models : [start, ...models],
    reports,
    notes: notes.filter((sentence) => sentence !== undefined),
  };
}
