import { basename, resolve } from "node:path";
import type { Task } from "../types.ts";
import { openTable, type OpenTableOptions } from "./open_table.ts";
import { readOptionsOf } from "./read_options.ts";
import { readTask } from "./read_task.ts";
import {
  parseTableTaskOptions,
  type TableTaskOptions,
} from "./table_options.ts";

/** Options of {@linkcode taskFromFile}. */
export interface TaskFromFileOptions
  extends TableTaskOptions, OpenTableOptions {}

/**
 * Makes a task out of a file of pairs, triples or scored pairs, or of the folder
 * of a Hugging Face data set: {@linkcode taskFromRows} on what
 * {@linkcode openTable} reads.
 *
 * @param path CSV, TSV, JSON lines, JSON or parquet file, or a folder.
 * @param options Columns, what is known of the task, and how to split.
 * @returns The task, named after the file unless `name` says otherwise.
 * @throws {RangeError} If a column isn't there or can't be guessed, an option is
 * out of range, or the file is none of these formats.
 * @throws {SyntaxError} If the file is malformed or a row can't be used; the
 * message begins with `path:line`.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { taskFromFile, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/faq.csv`;
 * await writeWhole(path, "Frage,Antwort\nWann?,Um neun\nWo?,Am Fluss\n");
 * const task = await taskFromFile(path, { query: "Frage", passage: "Antwort" });
 * assert.equal(task.name, "faq");
 * assert.equal(task.queries.get("q2")!.text, "Wo?");
 * ```
 */
export async function taskFromFile(
  path: string,
  { subset, ...options }: TaskFromFileOptions = {},
): Promise<Task> {
  const parsed = parseTableTaskOptions(options);
  const table = await openTable(path, { subset, ...readOptionsOf(parsed) });
  return await readTask(table, parsed, {
    name: tableName(path),
    source: sourceOf(path),
  });
}

/** `data/faq.csv.gz` → `faq`. */
export function tableName(path: string): string {
  const name = basename(resolve(path)).replace(/\.(gz|zst|bz2|xz)$/i, "");
  return name.replace(/\.(csv|tsv|tab|jsonl|ndjson|json|parquet)$/i, "");
}

/** The file's name alone: folders of one machine mean nothing on another. */
export function sourceOf(path: string): string {
  return basename(resolve(path));
}
