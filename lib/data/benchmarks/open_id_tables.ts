import { readLines } from "../beir/read_lines.ts";
import type { Passage, Qrels, Query } from "../types.ts";
import { judgedQueries } from "./judged_queries.ts";
import { listFiles } from "./list_files.ts";
import type { BenchmarkSet } from "./benchmark_set.ts";

/** Options of {@linkcode openIdTables}. */
export interface OpenIdTablesOptions {
  /** Split of queries and judgments. @default {"train"} */
  split?: string;
}

/**
 * Opens a set that is published as tables of ids, as T2Ranking's is:
 * `collection.tsv` (id, tab, text), `queries.train.tsv` (id, tab, text) and
 * `qrels.retrieval.train.tsv` (query, tab, passage; every pair is relevant), each with a
 * header line, anywhere below the folder. Quotation marks are part of the text.
 *
 * @param folder Folder that holds the files.
 * @param options Split.
 * @returns The set; its corpus is read as a stream.
 * @throws {SyntaxError} If a line has too few columns; the message begins with
 * `path:line`.
 * @throws {Deno.errors.NotFound} If the folder or a file is missing.
 *
 * @example Usage
 * ```ts
 * import { openIdTables, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await writeWhole(`${folder}/collection.tsv`, "pid\ttext\n7\t巴黎\n");
 * await writeWhole(`${folder}/queries.train.tsv`, "qid\ttext\n1\t法国首都\n");
 * await writeWhole(`${folder}/qrels.retrieval.train.tsv`, "qid\tpid\n1\t7\n");
 * const { qrels } = await openIdTables(folder);
 * assert.equal(qrels.get("1")!.get("7"), 1);
 * ```
 */
export async function openIdTables(
  folder: string,
  { split = "train" }: OpenIdTablesOptions = {},
): Promise<BenchmarkSet> {
  const files = await listFiles(folder);
  const one = (name: string) => {
    const found = files.find((path) =>
      new RegExp(`(^|/)${name}\\.tsv(\\.gz)?$`).test(path)
    );
    if (found) return found;
    throw new Deno.errors.NotFound(
      `Cannot open ${folder}: it needs ${name.replaceAll("\\", "")}.tsv`,
    );
  };
  const paths = {
    corpus: one("collection"),
    queries: one(`queries\\.${split}`),
    qrels: one(`qrels\\.retrieval\\.${split}`),
  };
  const qrels: Qrels = new Map();
  for await (const [query, passage] of pairs(`${folder}/${paths.qrels}`)) {
    let grades = qrels.get(query);
    if (!grades) qrels.set(query, grades = new Map());
    grades.set(passage.trim(), 1);
  }
  return {
    name: "tables",
    prompt: "",
    language: "und",
    kind: "question-passage",
    license: "unstated",
    source: folder,
    split,
    queries: await judgedQueries(
      records(`${folder}/${paths.queries}`),
      qrels,
      folder,
    ),
    qrels,
    files: Object.values(paths),
    passages: () => records(`${folder}/${paths.corpus}`),
  };
}

async function* records(path: string): AsyncGenerator<Passage & Query> {
  for await (const [id, text] of pairs(path)) yield { id, text };
}

/** First column and the rest of each line after the header. */
async function* pairs(path: string): AsyncGenerator<[string, string]> {
  for await (const { number, text } of readLines(path)) {
    if (number === 1 || text.trim() === "") continue;
    const tab = text.indexOf("\t");
    if (tab <= 0) {
      throw new SyntaxError(
        `${path}:${number}: Cannot read the line: it must have 2 columns with a tab between them: got ${
          JSON.stringify(text.slice(0, 40))
        }`,
      );
    }
    yield [text.slice(0, tab), text.slice(tab + 1)];
  }
}
