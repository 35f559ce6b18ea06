import { isDeepStrictEqual } from "node:util";
import { exists } from "../../base/files/exists.ts";
import type { Run, Task } from "../../data/mod.ts";

/** Where runs are written. */
export interface RunFiles {
  /** The file; with several tasks, what their files' names are made of. */
  path: string;
  /** How many tasks there are. */
  tasks: number;
  /** Whether another run there is replaced. */
  force: boolean;
}

/** Writes each task's run, under a name of its own if there are several. */
export async function runWriter(
  { path, tasks, force }: RunFiles,
): Promise<(task: Pick<Task, "name">, run: Run) => Promise<void>> {
  const { readTrecRun, writeTrecRun } = await import("../../data/mod.ts");
  return async ({ name }, run) => {
    const [, stem = path, ending = ""] = /^(.+?)(\.[^./\\]+)$/.exec(path) ?? [];
    const file = tasks === 1 ? path : `${stem}.${name}${ending}`;
    if (force || !await exists(file)) {
      await writeTrecRun(file, run, { name: "tdro" });
      return;
    }
    // The format has no form for a query without passages.
    const ranked = new Map([...run].filter(([, scores]) => scores.size > 0));
    if (isDeepStrictEqual(await readTrecRun(file), ranked)) return;
    throw new RangeError(
      `Cannot write ${file}: it holds another run; choose another file ` +
        "with --run, or replace it with --force",
    );
  };
}
