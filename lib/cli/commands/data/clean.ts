import { z } from "zod";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";
import { checkFolder } from "../../../base/files/check_folder.ts";
import { exists } from "../../../base/files/exists.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro data clean`. */
export interface DataCleanOptions {
  /** The suite's folder. */
  suite: string;
  /** Where the cleaned suite goes. */
  out?: string;
  /** Most bits in which near texts differ. */
  distance: number;
  /** Splits that must not be known. */
  against: ("dev" | "test")[];
  /** More suites to be tested with. */
  benchmarks: string[];
  /** Whether repetitions go too. */
  within: boolean;
  /** Names of the tasks. */
  tasks?: string[];
  /** Whether an old folder may be replaced. */
  overwrite: boolean;
}

/** `tdro data clean`. */
export const command: Command<DataCleanOptions> = {
  name: "data clean",
  summary: "Remove training queries that are near-duplicates of test queries",
  details:
    "Near-duplicates are texts whose SimHash values (64 bits, windows of " +
    "four letters) differ in at most --distance bits. Training queries of " +
    "every task are compared with the test and dev queries of all tasks, " +
    "and of the suites given with --benchmarks. The folder written holds " +
    "removed.jsonl, a line for each removed query and what it is near to. " +
    "Without --out nothing is written.",
  examples: [
    { about: "Only look", line: "tdro data clean --suite suites/docs" },
    {
      about: "Write the suite without them",
      line: "tdro data clean --suite suites/docs --out suites/docs-clean",
    },
    {
      about: "Also against a benchmark that will be reported",
      line:
        "tdro data clean --suite my/suite --benchmarks data/beir --out my/clean",
    },
  ],
  options: z.strictObject({
    suite: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Folder with a folder per task, in BEIR form",
    ),
    out: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
      "Folder for the cleaned suite; nothing is written if left out",
    ),
    distance: z.int().min(0).max(63).default(2).describe(
      "Queries are near-duplicates if their SimHash values differ in at " +
        "most this many of 64 bits",
    ),
    against: z.array(z.enum(["dev", "test"])).min(1).default(["test", "dev"])
      .meta({ placeholder: "SPLIT" }).describe(
        "Splits whose queries must not be trained on",
      ),
    benchmarks: z.array(z.string()).default([]).meta({ placeholder: "FOLDER" })
      .describe("More suites whose queries must not be trained on"),
    within: z.boolean().default(false).describe(
      "Also remove training queries that repeat an earlier one of their task",
    ),
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
    overwrite: z.boolean().default(false).describe(
      "Replace the folder if it is there",
    ),
  }),
  async run({ suite: folder, out, tasks, benchmarks, overwrite, ...how }, io) {
    const { cleanSuite, openSuite, writeCleanedSuite } = await import(
      "../../../data/mod.ts"
    );
    const textTable = await tablesFor(io);
    if (out !== undefined) await refuseTaken(out, overwrite);
    const suite = await openSuite(folder, { tasks });
    const opened = [];
    for (const one of benchmarks) opened.push(await openSuite(one));
    const cleaned = cleanSuite(suite, { ...how, benchmarks: opened });
    if (out !== undefined) await writeCleanedSuite(cleaned, out, { overwrite });
    const { removed, tasks: rows } = cleaned;
    const shown = removed.slice(0, 10).map((
      { task, query, text, why, near: [first] },
    ) => ({
      task,
      query,
      text: short(text),
      why,
      near: `${first!.task} ${first!.split} ${first!.query}`,
      nearText: short(first!.text),
      bits: first!.distance,
    }));
    io.result({ suite: suite.name, out, tasks: rows, removed }, () => {
      const lines = [
        textTable(rows, { footRows: 0 }),
        "",
      ];
      if (removed.length > 0) lines.push(textTable(shown, { digits: 0 }), "");
      const queries = rows.reduce((sum, row) => sum + row.queries, 0);
      const next = out === undefined
        ? "--out FOLDER writes the suite without them"
        : line`${out}/removed.jsonl lists them`;
      lines.push(
        `${removed.length} of ${queries} training queries are too near others; ${next}`,
      );
      return lines.join("\n");
    });
  },
};

/** Refuses a folder that couldn't be written when all is compared. */
async function refuseTaken(out: string, overwrite: boolean): Promise<void> {
  if (!overwrite && await exists(out)) {
    throw new RangeError(
      `Cannot write ${out}: the folder is there already; choose another one with --out, or replace it with --overwrite`,
    );
  }
  await checkFolder(out);
}

function short(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  return flat.length > 50 ? `${flat.slice(0, 49)}…` : flat;
}
