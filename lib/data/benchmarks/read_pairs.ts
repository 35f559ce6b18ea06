import { readLines } from "../beir/read_lines.ts";
import type { Passage, TrainExample } from "../types.ts";
import { jsonValue } from "../../base/json_value.ts";

/** Options of {@linkcode readPairs}. */
export interface ReadPairsOptions {
  /** Domain id of the rows. @default {0} */
  domain?: number;
  /** Most lines read. @default {5_000_001, as in the reference} */
  limit?: number;
}

/** The texts of a line by what they are. */
interface Texts {
  query: string;
  positives: string[];
  negatives: string[];
}

/**
 * Reads training pairs as sentence-transformers publishes them (JSON lines, also
 * gzipped): `[query, positive]`, `[query, positive, negative]`,
 * `{"query", "pos": […], "neg": […]}`, or `{"set": […]}` (the first is the query, the
 * others answer it). Ids are made of line numbers.
 *
 * @param path File to read, which may be packed (gzip, zstd).
 * @param options Domain, and how much to read.
 * @returns The rows as a stream, ready for `writeTdroJsonl()` or for mining.
 * @throws {SyntaxError} If a line has none of these forms; the message begins
 * with `path:line`.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { readPairs, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/gooaq.jsonl`;
 * await writeWhole(path, '["who wrote Emma?", "Jane Austen"]\n');
 * const [row] = await Array.fromAsync(readPairs(path));
 * assert.equal(row!.positives[0]!.text, "Jane Austen");
 * ```
 */
export async function* readPairs(
  path: string,
  { domain = 0, limit = 5_000_001 }: ReadPairsOptions = {},
): AsyncGenerator<TrainExample> {
  for await (const { number, text } of readLines(path)) {
    if (number > limit) return;
    if (text.trim() === "") continue;
    const { query, positives, negatives } = textsOf(text, `${path}:${number}`);
    const passages = (texts: readonly string[], mark: string): Passage[] =>
      texts.map((text, i) => ({ id: `${number}${mark}${i}`, text }));
    yield {
      domain,
      query: { id: `${number}`, text: query },
      positives: passages(positives, "+"),
      negatives: passages(negatives, "-"),
    };
  }
}

function textsOf(line: string, where: string): Texts {
  let value: unknown;
  try {
    value = jsonValue(line);
  } catch (error) {
    throw new SyntaxError(
      `${where}: Cannot read the line as JSON: ${(error as Error).message}`,
    );
  }
  const { query, pos, neg, set } = (value ?? {}) as Record<string, unknown>;
  const list = isTexts(value) ? value : isTexts(set) ? set : undefined;
  if (list && list.length >= 2) {
    const [first, ...rest] = list as [string, ...string[]];
    return list === set || rest.length === 1
      ? { query: first, positives: rest, negatives: [] }
      : { query: first, positives: [rest[0]!], negatives: rest.slice(1) };
  }
  const one = typeof pos === "string" ? [pos] : pos;
  const against = typeof neg === "string" ? [neg] : neg ?? [];
  if (
    typeof query === "string" && isTexts(one) && one.length > 0 &&
    isTexts(against)
  ) {
    return { query, positives: one, negatives: against };
  }
  throw new SyntaxError(
    `${where}: Cannot use the line: it must be a list of two or three texts, {"query", "pos"} or {"set"}: got ${
      line.length > 60 ? `${line.slice(0, 57)}...` : line
    }`,
  );
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) &&
    value.every((text) => typeof text === "string");
}
