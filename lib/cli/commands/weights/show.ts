import { basename } from "node:path";
import { z } from "zod";
import type { Command } from "../../command.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro weights show`. */
export interface WeightsShowOptions {
  /** Weight files. */
  files: string[];
  /** Order of the tasks. */
  sort: "weight" | "id" | "task";
}

/** `tdro weights show`. */
export const command: Command<WeightsShowOptions> = {
  name: "weights show",
  summary: "Show weight files side by side",
  details:
    "One row per task, one column per file. A task that a file lacks has " +
    "no weight there.",
  examples: [
    {
      about: "The learned mixture of a run",
      line: "tdro weights show runs/demo/weights.json",
    },
    {
      about: "Two mixtures side by side, by task id",
      line: "tdro weights show a.json b.json --sort id",
    },
  ],
  options: z.strictObject({
    files: z.array(z.string()).min(1).meta({ placeholder: "FILE" }).describe(
      "Weight files, as tdro and the reference implementation write them",
    ),
    sort: z.enum(["weight", "id", "task"]).default("weight")
      .meta({ placeholder: "ORDER" }).describe(
        "Order of the rows: largest weight of the first file first, or by id, or by name",
      ),
  }),
  operands: ["files"],
  async run({ files, sort }, io) {
    const { readWeightFile } = await import("../../../dro/mod.ts");
    const textTable = await tablesFor(io);
    const read = await Promise.all(files.map(readWeightFile));
    const names = columnNames(files);
    const weights = read.map((file) =>
      new Map(file.names.map((task, k) => [task, file.weights[k]!]))
    );
    // Each task once, with the id and size of the first file that has it.
    const tasks = new Map<string, { task: string; id: number; size: number }>();
    for (const { names, ids, sizes } of read) {
      names.forEach((task, k) => {
        if (tasks.has(task)) return;
        tasks.set(task, { task, id: ids[k]!, size: sizes[k]! });
      });
    }
    const first = (task: string) => weights[0]!.get(task) ?? -1;
    const rows = [...tasks.values()]
      .sort((a, b) =>
        sort === "id"
          ? a.id - b.id
          : sort === "task"
          ? a.task < b.task ? -1 : 1
          : first(b.task) - first(a.task) || a.id - b.id
      )
      .map((row) => ({
        ...row,
        ...Object.fromEntries(
          names.map((name, i) => [name, weights[i]!.get(row.task) ?? null]),
        ),
      }));
    io.result(
      rows,
      () =>
        textTable(rows, {
          digits: 4,
          footRows: 0,
          // They are names of files.
          heading: (name) => name,
        }),
    );
  },
};

/** Base names where they tell the files apart, else paths as given. */
function columnNames(files: readonly string[]): string[] {
  const short = files.map((file) => basename(file, ".json"));
  const taken = new Set(["task", "id", "size"]);
  const clear = new Set(short).size === short.length &&
    !short.some((name) => taken.has(name));
  return clear ? short : files.map((file, i) => `${i + 1}: ${file}`);
}
