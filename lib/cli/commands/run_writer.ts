import type { Run, Task } from "../../data/mod.ts";

/** Writes each task's run, under a name of its own if there are several. */
export async function runWriter(
  path: string,
  tasks: number,
): Promise<(task: Pick<Task, "name">, run: Run) => Promise<void>> {
  const { writeTrecRun } = await import("../../data/mod.ts");
  return async ({ name }, run) => {
    const [, stem = path, ending = ""] = /^(.+?)(\.[^./\\]+)$/.exec(path) ?? [];
    const file = tasks === 1 ? path : `${stem}.${name}${ending}`;
    await writeTrecRun(file, run, { name: "tdro" });
  };
}
