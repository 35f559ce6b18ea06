import type { Passage } from "../types.ts";
import { readJsonl } from "./read_jsonl.ts";
import { corpusLine } from "./schemas.ts";

/**
 * Reads a corpus alone, which no queries belong to.
 *
 * @param path A `corpus.jsonl`, plain or packed: lines with `_id` and `text`, and
 * maybe `title`.
 * @returns Passage id → passage, in the order of the file.
 * @throws {SyntaxError} If a line is malformed, an id appears twice, or there is none.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { readBeirCorpus } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/corpus.jsonl`;
 * await Deno.writeTextFile(path, '{"_id": "p1", "text": "Paris"}\n');
 * assert.equal((await readBeirCorpus(path)).get("p1")!.text, "Paris");
 * ```
 */
export async function readBeirCorpus(
  path: string,
): Promise<Map<string, Passage>> {
  const corpus = new Map<string, Passage>();
  for await (const { line, value } of readJsonl(path, corpusLine)) {
    const { _id: id, title, text } = value;
    if (corpus.has(id)) throw duplicateId(path, line, id);
    corpus.set(id, title ? { id, title, text } : { id, text });
  }
  if (corpus.size === 0) throw emptyFile(path, "a passage");
  return corpus;
}

/** An id that an earlier line has. */
export function duplicateId(
  path: string,
  line: number,
  id: string,
): SyntaxError {
  return new SyntaxError(
    `${path}:${line}: Cannot take id ${
      JSON.stringify(id)
    } again: an earlier line has it; ids must differ`,
  );
}

/** A file, or a folder of them, that holds nothing. */
export function emptyFile(path: string, what: string): SyntaxError {
  return new SyntaxError(`Cannot use ${path}: it must hold ${what}: got none`);
}
