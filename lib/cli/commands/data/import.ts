import { basename, dirname, resolve } from "node:path";
import { z } from "zod";
import type { TableTaskOptions } from "../../../data/tables/table_options.ts";
import { tableTaskFields } from "../../../data/tables/table_options.ts";
import type { ImportRecord, SuiteRow } from "../../../data/mod.ts";
import type { Command } from "../../command.ts";
import type { CommandIo } from "../../io.ts";
import { line } from "../../../base/printable.ts";
import { commandLine } from "../../command_line.ts";
import { exists } from "../../../base/files/exists.ts";
import { importLines } from "./import_lines.ts";
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
  summary: "Turn a table of pairs or triples into a task or a suite",
  details: "Reads CSV, TSV (first line = column names), JSON lines, JSON and " +
    "parquet files, and folders of Hugging Face data sets. Each row has a " +
    "query and a passage that answers it, and optionally passages that " +
    "don't (they become hard negatives), a score and a split. Columns that " +
    "no flag names are recognised by their names; where that is ambiguous, " +
    "the command stops and says which flag decides. What each column was " +
    "used for, and what was left out, is printed and kept in import.json. " +
    "If no row is marked dev or test, a share of the training queries is " +
    "held out, chosen deterministically from the query text and the seed. " +
    "With --task, the rows of each value of that column become one task of " +
    "a suite. Without it, the task is added to the suite.json of the " +
    "folder above it, if there is one.",
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
      about: "Labels in words; rows of neutral pairs are left out",
      line:
        "tdro data import nli.jsonl --score gold_label --map-labels entailment=1,contradiction=0,neutral=none --out my/suite/nli",
    },
    {
      about: "A data set with a split of another name",
      line:
        "tdro data import my/dataset --map-splits test_hard=test --out my/suite/hard",
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
      "Task folder to write (suite folder with --task); it appears only " +
        "once complete",
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
    const { importDifference, openImport } = await import(
      "../../../data/mod.ts"
    );
    const name = options.name ?? basename(resolve(out));
    const earlier = force ? undefined : await earlierImport(out);
    const planned = await openImport(file, { ...options, task, name });
    if (earlier) {
      const difference = importDifference(planned, earlier);
      if (difference === undefined) {
        io.note(
          line`${out}: already imported with the same settings and files`,
        );
        return await show(earlier, {
          tasks: await importedRows(out, task),
          out,
          task,
          io,
        });
      }
      throw new RangeError(
        `Cannot write ${out}: it holds an import with other settings or ` +
          `files (${difference}); choose another folder with --out, or ` +
          "replace it with --force",
      );
    }
    const { tasks, record } = await planned.write(out, { overwrite: force });
    await show(record, { tasks, out, task, io });
  },
};

/** The record of what lies in the folder; nothing may lie there without one. */
async function earlierImport(out: string): Promise<ImportRecord | undefined> {
  if (!await exists(out)) return undefined;
  const { readImportRecord } = await import("../../../data/mod.ts");
  const earlier = await readImportRecord(out);
  if (earlier) return earlier;
  // Writing would refuse as well, but only after all was read.
  throw new RangeError(
    `Cannot write ${out}: it exists already; choose another folder or add ` +
      "--force",
  );
}

/** What there is to tell of the tasks that an earlier import wrote. */
async function importedRows(
  out: string,
  task: string | undefined,
): Promise<SuiteRow[]> {
  const { openSuite, openTask, suiteRows } = await import(
    "../../../data/mod.ts"
  );
  return suiteRows(
    task === undefined
      ? { name: out, tasks: [await openTask(out)] }
      : await openSuite(out),
  );
}

/** Prints what the folder holds and what was taken for what. */
async function show(
  record: ImportRecord,
  { tasks, out, task, io }: {
    tasks: SuiteRow[];
    out: string;
    task: string | undefined;
    io: CommandIo;
  },
): Promise<void> {
  const textTable = await tablesFor(io);
  if (task === undefined) await listInSuite(out, io);
  io.result(
    { out, tasks, import: record },
    () =>
      [
        ...importLines(record),
        "",
        textTable(tasks, { digits: 0 }),
        "",
        line`written to ${out}; next: ${
          commandLine(["data", "check", task ? out : dirname(out)])
        }`,
      ].join("\n"),
  );
}
