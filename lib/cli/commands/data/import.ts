import { basename, dirname, resolve } from "node:path";
import { z } from "zod";
import type { TableTaskOptions } from "../../../data/tables/table_options.ts";
import { tableTaskFields } from "../../../data/tables/table_options.ts";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";
import { commandLine } from "../../command_line.ts";
import { exists } from "../../../base/files/exists.ts";
import { listInSuite } from "./list_in_suite.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro data import`. */
export interface DataImportOptions extends TableTaskOptions {
  /** The table. */
  file: string;
  /** Folder to write. */
  out: string;
  /** Column that names the task of each row. */
  task?: string;
  /** Subset (configuration) of a Hugging Face data set. */
  subset?: string;
  /** Whether to replace the folder. */
  force: boolean;
}

/** `tdro data import`. */
export const command: Command<DataImportOptions> = {
  name: "data import",
  summary: "Make a task, or a suite, out of a table of pairs or triples",
  details:
    `Reads CSV, TSV (first line = column names), JSON lines, JSON and parquet files, and folders of Hugging Face data sets. Each row holds a query and a passage that answers it, perhaps passages that don't (they become hard negatives), a score, a split. Columns are guessed by their names where no flag names them. Where no row says dev or test, a share of the training queries is put aside, by lots that the query's text and the seed decide. With --task the rows of each value of that column become a task of a suite. Without, the task is put into the list of the suite that it comes to lie in, if that has a suite.json.`,
  examples: [
    {
      about: "A table with the columns question and answer",
      line: "tdro data import faq.csv --out my/suite/faq",
    },
    {
      about: "Columns by name, with a prompt",
      line:
        'tdro data import faq.tsv --query Frage --passage Antwort --language de --prompt "Find the answer" --out my/suite/faq',
    },
    {
      about: "Scored pairs: those from 0.5 on match",
      line:
        "tdro data import pairs.jsonl --score similarity --min-score 0.5 --out my/suite/pairs",
    },
    {
      about: "A suite with a task for each topic",
      line: "tdro data import all.parquet --task topic --out my/suite",
    },
  ],
  options: z.strictObject({
    file: z.string().meta({ placeholder: "FILE" }).describe(
      "Table, or folder of a Hugging Face data set",
    ),
    out: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Task folder to write (suite folder with --task); it appears only when whole",
    ),
    task: z.string().min(1).optional().meta({ placeholder: "COLUMN" }).describe(
      "Column that names the task of each row",
    ),
    subset: z.string().optional().describe(
      "Subset (configuration) of a Hugging Face data set",
    ),
    ...tableTaskFields,
    force: z.boolean().default(false).describe(
      "Replace the folder if it is there",
    ),
  }),
  operands: ["file"],
  async run({ file, out, task, force, ...options }, io) {
    const { suiteFromFile, suiteRows, taskFromFile, writeSuite, writeTask } =
      await import("../../../data/mod.ts");
    const textTable = await tablesFor(io);
    // Writing would refuse as well, but only after all was read.
    if (!force && await exists(out)) {
      throw new RangeError(
        `Cannot write ${out}: it is there already; choose another folder or add --force`,
      );
    }
    const name = options.name ?? basename(resolve(out));
    const suite = task === undefined
      ? { name, tasks: [await taskFromFile(file, { ...options, name })] }
      : await suiteFromFile(file, { ...options, task, name });
    if (task === undefined) {
      await writeTask(suite.tasks[0]!, out, { overwrite: force });
    } else await writeSuite(suite, out, { overwrite: force });
    const rows = suiteRows(suite);
    if (task === undefined) await listInSuite(out, io);
    io.result(
      { out, tasks: rows },
      () =>
        [
          textTable(rows, { digits: 0 }),
          "",
          line`written to ${out}; next: ${
            commandLine(["data", "check", task ? out : dirname(out)])
          }`,
        ].join("\n"),
    );
  },
};
