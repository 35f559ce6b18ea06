import { z } from "zod";
import type { ListedRun } from "../../experiment/mod.ts";
import { printable } from "../../base/printable.ts";
import type { Command } from "../command.ts";

/** Options of `tdro runs`. */
export interface RunsOptions {
  /** Folder that holds the runs. */
  folder: string;
}

/** `tdro runs`. */
export const command: Command<RunsOptions> = {
  name: "runs",
  summary: "List runs and arenas: suite, status, mean nDCG@10",
  details:
    "Looks for runs, training runs and arenas in the folder and those below it. Of each, the table shows the best of what it compared; --json gives the mean of every arm or strategy.",
  examples: [
    { about: "All in the folder runs", line: "tdro runs" },
    {
      about: "The finished ones of another folder",
      line:
        "tdro runs sweep --json | jq '.[] | select(.status == \"finished\")'",
    },
  ],
  options: z.strictObject({
    folder: z.string().min(1).default("runs").meta({ placeholder: "FOLDER" })
      .describe("Folder that holds the runs"),
  }),
  operands: ["folder"],
  async run({ folder }, io) {
    const { listRuns } = await import("../../experiment/mod.ts");
    const { textTable } = await import("../../report/tables/text_table.ts");
    const runs = await listRuns(folder);
    io.result(runs, () => {
      if (runs.length === 0) return printable(`No runs in ${folder}`);
      const table = textTable(runs.map(rowOf), { maxRows: runs.length });
      const damage = runs.flatMap((run) => run.damage ?? []).map(printable);
      return [table, ...damage].join("\n\n");
    });
  },
};

function rowOf({ folder, kind, suite, status, means }: ListedRun) {
  const [best, ndcg] = Object.entries(means).sort(([, a], [, b]) => b - a)[0] ??
    [];
  return { folder, kind, suite, status, best, "nDCG@10": ndcg ?? null };
}
