import type { Suite, Task } from "../../data/mod.ts";

/**
 * The negatives of each task in a folder that `tdro mine` wrote: query id → ids.
 *
 * @param suite The tasks.
 * @param folder The folder.
 * @param cannot What can't be done otherwise, e.g. `Cannot audit`.
 * @throws {RangeError} If a query isn't the task's.
 */
export async function readAllNegatives(
  { tasks }: Suite,
  folder: string,
  cannot: string,
): Promise<Map<string, string[]>[]> {
  const all: Map<string, string[]>[] = [];
  for (const task of tasks) {
    const path = `${folder}/${task.name}.jsonl`;
    all.push(await readNegatives(path, task, cannot));
  }
  return all;
}

/** Query id → ids of the negatives in a training file. */
async function readNegatives(
  path: string,
  task: Task,
  cannot: string,
): Promise<Map<string, string[]>> {
  const { readTdroJsonl } = await import("../../data/mod.ts");
  const negatives = new Map<string, string[]>();
  for await (const row of readTdroJsonl(path, 0)) {
    const { id } = row.query;
    if (!task.queries.has(id)) {
      throw new RangeError(
        `${cannot} ${path}: its queries must be those of task ${
          JSON.stringify(task.name)
        }: got ${JSON.stringify(id)}; give the suite that was mined`,
      );
    }
    negatives.set(id, row.negatives.map((passage) => passage.id));
  }
  return negatives;
}
