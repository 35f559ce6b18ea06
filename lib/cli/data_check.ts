import { z } from "zod";
import type { Command } from "./command.ts";

/** Options of `tdro data check`. */
export interface DataCheckOptions {
  /** The suite's folder. */
  folder: string;
  /** Names of the tasks to check. */
  tasks?: string[];
}

/** `tdro data check`. */
export const command: Command<DataCheckOptions> = {
  name: "data check",
  summary: "Check a suite in BEIR form and count what is in it",
  details:
    "Reads every corpus, query and judgment; the first malformed line is named with its file and number.",
  examples: [
    { about: "All tasks of a suite", line: "tdro data check suites/docs" },
    {
      about: "Two of them",
      line: "tdro data check suites/docs --tasks es-lib,tfjs-ops",
    },
  ],
  options: z.strictObject({
    folder: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Folder with a folder per task: corpus.jsonl, queries.jsonl, qrels/, task.json",
    ),
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
  }),
  operands: ["folder"],
  async run({ folder, tasks }, io) {
    const { openSuite, suiteRows } = await import("../data/mod.ts");
    const { textTable } = await import("../report/text_table.ts");
    const suite = await openSuite(folder, { tasks });
    const rows = suiteRows(suite);
    io.result(
      { suite: suite.name, tasks: rows },
      () =>
        `${textTable(rows)}\n\n${suite.name}: ${rows.length} ${
          rows.length === 1 ? "task is" : "tasks are"
        } well formed`,
    );
  },
};
