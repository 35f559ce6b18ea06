import { listFiles } from "./list_files.ts";
import { readPassages } from "./records.ts";
import type { Passage } from "../types.ts";

const CORPUS = /^(.*\/)?corpus([/.-].*)?\.(jsonl(\.gz)?|parquet)$/;

/**
 * Opens a corpus alone, without queries or judgments: `corpus.jsonl`, plain or
 * gzipped, or `corpus/*.parquet`.
 *
 * @param folder Folder that holds it.
 * @returns Reads the passages as a stream, each time from the beginning.
 * @throws {Deno.errors.NotFound} If the folder or the corpus is missing.
 *
 * @example Usage
 * ```ts
 * import { openCorpus, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await writeWhole(`${folder}/corpus.jsonl`, '{"_id":"p1","text":"Paris"}\n');
 * const passages = await openCorpus(folder);
 * assert.equal((await Array.fromAsync(passages())).length, 1);
 * ```
 */
export async function openCorpus(
  folder: string,
): Promise<() => AsyncIterable<Passage>> {
  const files = (await listFiles(folder)).filter((path) => CORPUS.test(path));
  // A plain file wins over its gzipped twin, and JSON lines over parquet.
  const lines = files.filter((path) => !path.endsWith(".parquet"));
  const chosen = (lines.length > 0 ? lines : files).filter((path) =>
    !(path.endsWith(".gz") && files.includes(path.slice(0, -3)))
  );
  if (chosen.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot open a corpus in ${folder}: it needs corpus.jsonl, corpus.jsonl.gz or corpus/*.parquet`,
    );
  }
  return () => readPassages(chosen.map((path) => `${folder}/${path}`));
}
