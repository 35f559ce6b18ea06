import { basename, resolve } from "node:path";
import type { Suite } from "../../data/mod.ts";
import type { EvalReport } from "../../eval/mod.ts";
import type { RunModel } from "../../experiment/retriever/run_models.ts";
import type { RunRecord } from "../../experiment/run_folder.ts";

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
  const { record, reports, models } = await readRunModels(folder, "serve");
  if (suiteFolder === undefined) {
    throw new RangeError(
      `Cannot serve ${folder}: --suite must name the folder of its suite, ${record.suite.name}: got none`,
    );
  }
  const { suite, note } = await openSuiteOf(record, suiteFolder);
  const start = await startOf({ record, reports });
  const notes = [
    note,
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

/** The run's tasks in the suite, and a sentence if they aren't those of the run. */
async function openSuiteOf(
  record: RunRecord,
  folder: string,
): Promise<{ suite: Suite; note?: string }> {
  const { openSuite } = await import("../../data/mod.ts");
  const { suiteHash } = await import("../../experiment/run_folder.ts");
  const whole = await openSuite(folder);
  const names = record.suite.tasks;
  const tasks = names.flatMap((name) =>
    whole.tasks.find((task) => task.name === name) ?? []
  );
  if (tasks.length === 0) {
    throw new RangeError(
      `Cannot serve the run: ${folder} must be the suite ${record.suite.name}, with the tasks ${
        names.join(", ")
      }: got ${whole.tasks.map(({ name }) => name).join(", ")}`,
    );
  }
  const suite = { name: whole.name, tasks };
  if (await suiteHash(suite) === record.suite.sha256) return { suite };
  const missing = names.filter((name) =>
    !tasks.some((task) => task.name === name)
  );
  const why = missing.length > 0
    ? `it lacks ${missing.join(", ")}`
    : "texts, prompts or judgments differ";
  return {
    suite,
    note:
      `The suite in ${folder} is not the one that the run was made on (${why}): hits and judgments may not fit its scores.`,
  };
}
