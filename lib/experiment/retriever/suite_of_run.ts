import { openSuite, type Suite } from "../../data/mod.ts";
import { type RunRecord, suiteHash } from "../run_folder.ts";

/** The tasks of a run, opened again. */
export interface SuiteOfRun {
  /** The run's tasks, as far as they are in the suite. */
  suite: Suite;
  /** How they differ from those of the run; absent if they are the same. */
  difference?: string;
}

/**
 * Opens the suite that a run was made on.
 *
 * @param record The run's record.
 * @param folder Folder of the suite.
 * @param action What is being done, after "Cannot".
 * @throws {RangeError} If the suite has none of its tasks.
 */
export async function suiteOfRun(
  record: RunRecord,
  folder: string,
  action: string,
): Promise<SuiteOfRun> {
  const whole = await openSuite(folder);
  const names = record.suite.tasks;
  const tasks = names.flatMap((name) =>
    whole.tasks.find((task) => task.name === name) ?? []
  );
  if (tasks.length === 0) {
    throw new RangeError(
      `Cannot ${action}: ${folder} must be the suite ${record.suite.name}, with the tasks ${
        names.join(", ")
      }: got ${whole.tasks.map(({ name }) => name).join(", ")}`,
    );
  }
  const suite = { name: whole.name, tasks };
  if (await suiteHash(suite) === record.suite.sha256) return { suite };
  const missing = names.filter((name) =>
    !tasks.some((task) => task.name === name)
  );
  const difference = missing.length > 0
    ? `it lacks ${missing.join(", ")}`
    : "texts, prompts or judgments differ";
  return { suite, difference };
}
