import { readBeirQrels } from "./read_beir_qrels.ts";
import { readJsonl } from "./read_jsonl.ts";
import { corpusLine, queryLine } from "./schemas.ts";
import { checkFolder, plainOrGzip, readTaskInfo } from "./task_folder.ts";
import {
  type Passage,
  type Query,
  SPLITS,
  type Task,
  type TaskInfo,
} from "../types.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/**
 * Opens one task folder in BEIR form: `corpus.jsonl` and `queries.jsonl` (plain
 * or `.gz`; the plain one wins), `qrels/train.tsv`, `dev.tsv`, `test.tsv` (at
 * least one), and `task.json` (`task`, `type`, `language`, `prompt`, `license`,
 * `source`, `transform`). Without `task.json` the task has the folder's name
 * and no prompt. Lines may use the aliases of spec section 3.1: `query_id`,
 * `docid` or `id` for `_id`, `query` or `question` for `text`. An empty title
 * counts as none.
 *
 * @param folder The task folder.
 * @returns The task, all in memory.
 * @throws {SyntaxError} If a file is malformed, an id appears twice, a judgment
 * points nowhere, or there is no passage, query or judgment. Where one line is
 * to blame the message begins with `path:line`.
 * @throws {Deno.errors.NotFound} If the folder or a file of it is missing.
 *
 * @example Usage
 * ```ts
 * import { openTask, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const folder = `${await Deno.makeTempDir()}/capitals`;
 * await writeWhole(`${folder}/corpus.jsonl`, '{"_id":"p1","text":"Paris"}\n');
 * await writeWhole(`${folder}/queries.jsonl`, '{"_id":"q1","text":"France?"}\n');
 * await writeWhole(`${folder}/qrels/test.tsv`, "query-id\tcorpus-id\tscore\nq1\tp1\t1\n");
 *
 * const task = await openTask(folder);
 * assert.equal(task.name, "capitals");
 * assert.equal(task.qrels.test!.get("q1")!.get("p1"), 1);
 * ```
 */
export async function openTask(folder: string): Promise<Task> {
  await checkFolder("task folder", folder);
  return await openTaskFiles(folder, await readTaskInfo(folder));
}

/** {@linkcode openTask} for a folder whose `task.json` was read already. */
export async function openTaskFiles(
  folder: string,
  info: TaskInfo,
  { dangling = false }: { dangling?: boolean } = {},
): Promise<Task> {
  const corpus = new Map<string, Passage>();
  const corpusPath = await findFile(folder, "corpus.jsonl");
  for await (const { line, value } of readJsonl(corpusPath, corpusLine)) {
    const { _id: id, title, text } = value;
    if (corpus.has(id)) throw duplicate(corpusPath, line, id);
    corpus.set(id, title ? { id, title, text } : { id, text });
  }
  if (corpus.size === 0) throw empty(corpusPath, "a passage");

  const queries = new Map<string, Query>();
  const queriesPath = await findFile(folder, "queries.jsonl");
  for await (const { line, value } of readJsonl(queriesPath, queryLine)) {
    const { _id: id, text } = value;
    if (queries.has(id)) throw duplicate(queriesPath, line, id);
    queries.set(id, { id, text });
  }
  if (queries.size === 0) throw empty(queriesPath, "a query");

  const qrels: Task["qrels"] = {};
  for (const split of SPLITS) {
    const path = await plainOrGzip(`${folder}/qrels/${split}.tsv`);
    if (!path) continue;
    qrels[split] = await readBeirQrels(
      path,
      dangling ? {} : { queries, corpus },
    );
  }
  const found = Object.values(qrels);
  if (found.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot open task folder ${folder}: it needs qrels/train.tsv, qrels/dev.tsv or qrels/test.tsv and has none of them`,
    );
  }
  if (found.every((split) => split.size === 0)) {
    throw empty(`${folder}/qrels`, "a judgment");
  }
  return selfShowing({ ...info, corpus, queries, qrels });
}

async function findFile(folder: string, name: string): Promise<string> {
  const path = await plainOrGzip(`${folder}/${name}`);
  if (path) return path;
  throw new Deno.errors.NotFound(
    `Cannot open task folder ${folder}: ${name} (or ${name}.gz) is missing`,
  );
}

function duplicate(path: string, line: number, id: string): SyntaxError {
  return new SyntaxError(
    `${path}:${line}: Cannot take id ${
      JSON.stringify(id)
    } again: an earlier line has it; ids must differ`,
  );
}

function empty(path: string, what: string): SyntaxError {
  return new SyntaxError(`Cannot use ${path}: it must hold ${what}: got none`);
}
