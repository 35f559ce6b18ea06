import { describeIssue, type LineIssue } from "../../base/describe_issue.ts";
import { readLines } from "./read_lines.ts";
import { jsonValue } from "../../base/json_value.ts";

export type { LineIssue };

/** One object of a JSONL file. */
export interface JsonlRow<T> {
  /** Number of its line, from 1. */
  line: number;
  /** The object, checked. */
  value: T;
}

/** What a line must be; any zod schema is one. */
export interface LineSchema<T> {
  /** Checks a value and says what is wrong with it. */
  safeParse(value: unknown):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly LineIssue[] } };
}

/** Options of {@linkcode readJsonl}. */
export interface ReadJsonlOptions {
  /**
   * Whether numbers that JavaScript would write otherwise (integers beyond 2^53,
   * `1e21`, `1.50`) reach the schema as they are: integers as bigint, others as
   * text. They may be ids, or texts.
   *
   * @default {false}
   */
  exact?: boolean;
  /** Encoding of the file, a name that `TextDecoder` knows. @default {"utf-8"} */
  encoding?: string;
  /** What to say that can be done if it isn't in that encoding. */
  mend?: string;
}

/**
 * Reads a JSONL file (UTF-8, one object a line; plain or packed by gzip or zstd)
 * as a stream, so a file larger than memory is no trouble. Blank lines
 * are skipped but counted.
 *
 * @param path File to read.
 * @param schema What a line must be: a zod schema, or a checker of its form.
 * @param options Whether numbers stay as they are written, and the encoding.
 * @returns The rows, in file order.
 * @throws {SyntaxError} If a line is no JSON object or the schema rejects it;
 * the message begins with `path:line`.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { readJsonl, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 * import { z } from "zod";
 *
 * const path = `${await Deno.makeTempDir()}/answers.jsonl`;
 * await writeWhole(path, '{"id":"q1","answers":["42"]}\n');
 * const schema = z.object({ id: z.string(), answers: z.array(z.string()) });
 * const rows = await Array.fromAsync(readJsonl(path, schema));
 * assert.equal(rows[0]!.value.answers[0], "42");
 * ```
 */
export async function* readJsonl<T>(
  path: string,
  schema: LineSchema<T>,
  { exact = false, ...reading }: ReadJsonlOptions = {},
): AsyncGenerator<JsonlRow<T>> {
  for await (const { number, text } of readLines(path, reading)) {
    if (text.trim() === "") continue;
    let value: unknown;
    try {
      value = jsonValue(text, { exact });
    } catch (error) {
      throw new SyntaxError(
        `${path}:${number}: Cannot read the line as JSON: ${
          (error as Error).message
        }`,
      );
    }
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      throw new SyntaxError(
        `${path}:${number}: Cannot use the line: ${
          describeIssue(parsed.error.issues[0]!, value)
        }`,
      );
    }
    yield { line: number, value: parsed.data };
  }
}
