import { dirname, join } from "node:path";
import type { CommandIo } from "../../io.ts";

/**
 * Lets a suite know of a new task folder. One that lists its tasks doesn't take it
 * up by itself; where the list can't be written, the edit is told.
 *
 * @param folder The task's folder.
 */
export async function listInSuite(
  folder: string,
  { note }: CommandIo,
): Promise<void> {
  const { listTask } = await import("../../../data/mod.ts");
  const list = join(dirname(folder), "suite.json");
  const edit = `add the task in ${folder} to the "tasks" in ${list}`;
  try {
    const listing = await listTask(folder);
    if (listing === "added") note(`${list}: ${folder} is now among its tasks`);
    if (listing === "busy") {
      note(`${list}: another process is writing to it; ${edit}`);
    }
  } catch (error) {
    // The task is whole; only the list is not as it should be.
    if (!(error instanceof SyntaxError)) throw error;
    note(`${error.message}; then ${edit}`);
  }
}
