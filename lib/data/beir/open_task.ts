import { duplicateId, emptyFile, readBeirCorpus } from "./read_beir_corpus.ts";
import { readBeirQrels } from "./read_beir_qrels.ts";
import { readJsonl } from "./read_jsonl.ts";
import { queryLine } from "./schemas.ts";
import { checkFolder, plainOrGzip, readTaskInfo } from "./task_folder.ts";
import { type Query, SPLITS, type Task, type TaskInfo } from "../types.ts";
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
  const corpus = await readBeirCorpus(await findFile(folder, "corpus.jsonl"));

  const queries = new Map<string, Query>();
  const queriesPath = await findFile(folder, "queries.jsonl");
  for await (const { line, value } of readJsonl(queriesPath, queryLine)) {
    const { _id: id, text } = value;
    if (queries.has(id)) throw duplicateId(queriesPath, line, id);
    queries.set(id, { id, text });
  }
  if (queries.size === 0) throw emptyFile(queriesPath, "a query");

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
    throw emptyFile(`${folder}/qrels`, "a judgment");
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
