import { isDeepStrictEqual } from "node:util";
import project from "../../../deno.json" with { type: "json" };
import { hashFile } from "../../base/files/hash_file.ts";
import { DATA_MARKS } from "../beir/data_marks.ts";
import { writeFolder } from "../../base/files/write_folder.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { MemorySink } from "../assemble/memory_sink.ts";
import type { SuiteRow } from "../beir/suite_rows.ts";
import { readJsonIfThere } from "../../base/files/json_file.ts";
import type { Suite, Task } from "../types.ts";
import { isPublishedBeir, openBeirImport } from "./beir_import.ts";
import {
  type ImportedFile,
  type ImportRecord,
  importRecord,
} from "./import_record.ts";
import { openTable, type OpenTableOptions } from "./open_table.ts";
import { readOptionsOf } from "./read_options.ts";
import { readTasks } from "./read_tasks.ts";
import type { Table } from "./table.ts";
import {
  type ParsedTableTaskOptions,
  parseTableTaskOptions,
  type TableTaskOptions,
} from "./table_options.ts";
import type { Reading } from "./reading.ts";
import { sourceOf, tableName } from "./task_from_file.ts";
import { writeTasks } from "./write_tasks.ts";

/** File of a task's or suite's folder that tells how it was imported. */
export const IMPORT_RECORD = "import.json";

/** Options of {@linkcode openImport}. */
export interface OpenImportOptions extends TableTaskOptions, OpenTableOptions {
  /** Column that names the task of each row. @default {one task} */
  task?: string;
}

/** A file or folder that is about to be imported. */
export interface Import {
  /** Its options, with their defaults. */
  options: Record<string, unknown>;
  /** Its files with their hashes, without the rows, as none is read yet. */
  files: ImportedFile[];
  /**
   * Reads it.
   *
   * @returns The tasks, and what was taken for what.
   */
  read(): Promise<{ suite: Suite; record: ImportRecord }>;
  /**
   * Reads it and writes it as it's read, into a folder that appears only when
   * whole; `import.json` in it is the record. Texts don't stay in memory: only
   * hashes of them, ids that the data give, and judgments, as numbers, do.
   *
   * @param folder A task's folder, or a suite's if a column names the tasks.
   * @param options Whether an old folder may be replaced.
   * @returns What was written, a row a task, and what was taken for what.
   */
  write(
    folder: string,
    options?: { overwrite?: boolean },
  ): Promise<{ tasks: SuiteRow[]; record: ImportRecord }>;
}

/** What was taken for what, as the reader of a form tells it. */
export interface Told {
  record: Omit<
    ImportRecord,
    "format" | "tdro" | "source" | "options" | "files" | "unusedFiles"
  >;
  /** Rows read from a file, where they were counted. */
  rowsOf(file: string): number | undefined;
}

/** What an opened import has, whatever its form. */
export interface Opened {
  files: NonNullable<Table["files"]>;
  unusedFiles: NonNullable<Table["unusedFiles"]>;
  read(): Promise<Told & { suite: Suite }>;
  /** Writes into an empty folder. */
  write(folder: string): Promise<Told & { tasks: SuiteRow[] }>;
}

/**
 * Opens a file or folder for an import: hashes its files and checks the options,
 * before a row is read. What it reads comes with a record of which columns, splits
 * and rows were taken for what; nothing that has two readings is guessed.
 *
 * @param path CSV, TSV, JSON lines, JSON or parquet file, the folder of a Hugging
 * Face data set, or a set in BEIR's form as parquet.
 * @param options Columns, what is known of the task, and how to split.
 * @returns Files and options, and how to read it.
 * @throws {RangeError} As `taskFromFile`; reading also throws where a column may be
 * a label or two columns may be the same thing, with the option that decides.
 * @throws {SyntaxError} As `taskFromFile`.
 *
 * @example Usage
 * ```ts
 * import { openImport, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/faq.csv`;
 * await writeWhole(path, "id,question,answer\n7,When?,At nine\n9,Where?,Here\n");
 * const { suite, record } = await (await openImport(path)).read();
 * assert.equal(suite.tasks[0]!.name, "faq");
 * assert.equal(record.columns!.passage, "answer");
 * assert.equal(record.unusedColumns[0]!.column, "id");
 * ```
 */
export async function openImport(
  path: string,
  { subset, task, ...options }: OpenImportOptions = {},
): Promise<Import> {
  const parsed = parseTableTaskOptions(options);
  const asked = plainJson({ ...parsed, task, subset });
  const opened = await isPublishedBeir(path)
    ? await openBeirImport(path, parsed, task)
    : await openTableImport(path, { parsed, subset, task });
  const files = await Promise.all(
    opened.files.map(async ({ path, name, split }) => ({
      name,
      ...await hashFile(path),
      ...split !== undefined && { split },
    })),
  );
  const recordOf = ({ record, rowsOf }: Told): ImportRecord => ({
    format: "tdro-import/1",
    tdro: project.version,
    source: sourceOf(path),
    options: asked,
    files: files.map((file, i) => {
      const rows = opened.files[i]!.card ? undefined : rowsOf(file.name);
      return rows === undefined ? file : { ...file, rows };
    }),
    unusedFiles: opened.unusedFiles,
    ...record,
  });
  return {
    options: asked,
    files,
    async read() {
      const { suite, ...told } = await opened.read();
      return { suite, record: recordOf(told) };
    },
    async write(folder, { overwrite = false } = {}) {
      let tasks: SuiteRow[] = [];
      let record: ImportRecord;
      await writeFolder(folder, {
        overwrite,
        what: `${task === undefined ? "task" : "suite"} ${folder}`,
        marks: DATA_MARKS,
        async fill(partial) {
          const { tasks: written, ...told } = await opened.write(partial);
          tasks = written;
          record = recordOf(told);
          await writeWhole(
            `${partial}/${IMPORT_RECORD}`,
            `${JSON.stringify(record, null, 2)}\n`,
          );
        },
      });
      return { tasks, record: record! };
    },
  };
}

async function openTableImport(
  path: string,
  { parsed, subset, task }: {
    parsed: ParsedTableTaskOptions;
    subset: string | undefined;
    task: string | undefined;
  },
): Promise<Opened> {
  const table = await openTable(path, { subset, ...readOptionsOf(parsed) });
  const name = parsed.name ?? tableName(path);
  const source = sourceOf(path);
  const told = (reading: Reading): Told => ({
    record: {
      notes: table.notes ?? [],
      columns: reading.columns(),
      unusedColumns: reading.unusedColumns(),
      splits: reading.splits(),
      rows: reading.rows,
      unusedTasks: reading.emptyTasks(),
    },
    rowsOf: (file) => reading.rowsOf(file),
  });
  return {
    files: table.files ?? [{ path, name: source }],
    unusedFiles: table.unusedFiles ?? [],
    async read() {
      const sink = () => new MemorySink();
      const read = await readTasks(table, parsed, { task, sink });
      const tasks: Task[] = [];
      for (const [key, { builder, sink }] of read.tasks) {
        const built = await builder.finish(
          task === undefined ? name : key,
          source,
        );
        tasks.push(sink.task(built));
      }
      return { suite: { name, tasks }, ...told(read.reading) };
    },
    async write(folder) {
      const { tasks, reading } = await writeTasks(table, folder, {
        options: parsed,
        name,
        source,
        task,
        files: [IMPORT_RECORD],
      });
      return { tasks, ...told(reading) };
    },
  };
}

/** Without what isn't there, as a file has it. */
function plainJson(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
}

/**
 * The record of an earlier import into a folder.
 *
 * @param folder Task or suite folder.
 * @returns The record; `undefined` if there is none.
 * @throws {SyntaxError} If it is malformed.
 *
 * @example Usage
 * ```ts
 * import { readImportRecord } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert.equal(await readImportRecord(await Deno.makeTempDir()), undefined);
 * ```
 */
export async function readImportRecord(
  folder: string,
): Promise<ImportRecord | undefined> {
  return await readJsonIfThere(`${folder}/${IMPORT_RECORD}`, importRecord);
}

/**
 * The first thing in which an import isn't an earlier one.
 *
 * @param planned The import to come.
 * @param earlier The record of the earlier one.
 * @returns What differs, as words; `undefined` if nothing does.
 *
 * @example Usage
 * ```ts
 * import { importDifference, openImport, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/faq.csv`;
 * await writeWhole(path, "question,answer\nWhen?,At nine\nWhere?,Here\n");
 * const { record } = await (await openImport(path)).read();
 * assert.equal(importDifference(await openImport(path), record), undefined);
 * const other = await openImport(path, { seed: 7 });
 * assert.equal(importDifference(other, record), "seed is 7, was 42");
 * ```
 */
export function importDifference(
  { options, files }: Pick<Import, "options" | "files">,
  earlier: ImportRecord,
): string | undefined {
  const say = (value: unknown) => JSON.stringify(value) ?? "not given";
  const names = new Set([
    ...Object.keys(options),
    ...Object.keys(earlier.options),
  ]);
  for (const name of names) {
    const [now, then] = [options[name], earlier.options[name]];
    if (!isDeepStrictEqual(now, then)) {
      return `${name} is ${say(now)}, was ${say(then)}`;
    }
  }
  const hashes = new Map(earlier.files.map((file) => [file.name, file.sha256]));
  for (const { name, sha256 } of files) {
    const known = hashes.get(name);
    if (known === undefined) return `file ${name} is new`;
    if (known !== sha256) return `file ${name} is another than then`;
  }
  const now = new Set(files.map(({ name }) => name));
  const gone = earlier.files.find(({ name }) => !now.has(name));
  return gone && `file ${gone.name} is gone`;
}
