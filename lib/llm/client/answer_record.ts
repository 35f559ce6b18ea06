import { dirname } from "node:path";
import { z } from "zod";
import { describeIssue } from "../../base/describe_issue.ts";
import { isHeld, takeLock } from "../../base/files/held_lock.ts";
import { makeFolder } from "../../base/files/make_folder.ts";
import { readTextIfThere } from "../../base/files/read_text.ts";
import { refuseLink } from "../../base/files/refuse_link.ts";
import { withPath } from "../../base/files/write_whole.ts";
import { jsonValue } from "../../base/json_value.ts";

/** An answer as it was given: a line of the record. */
export interface RecordedAnswer {
  /** Hash of what was asked. */
  key: string;
  /** Name and version of the prompt. */
  prompt: string;
  /** Name of the model. */
  llm: string;
  /** What the model said, word for word. */
  said: string;
  /** Why there is no answer; asked again, but not replayed offline. */
  failed?: string | undefined;
  /** Tokens of the prompt, as the server counts. */
  tokensIn: number;
  /** Tokens of the answer. */
  tokensOut: number;
}

const recorded: z.ZodType<RecordedAnswer> = z.object({
  key: z.string().regex(/^[0-9a-f]{64}$/),
  prompt: z.string(),
  llm: z.string(),
  said: z.string(),
  failed: z.string().optional(),
  tokensIn: z.number(),
  tokensOut: z.number(),
});

/** What {@linkcode openRecord} may be told. */
export interface OpenRecordOptions {
  /** Whether answers are only read. @default {false} */
  readOnly?: boolean;
  /** Whether it may be that there is no such file to read. @default {false} */
  mayLack?: boolean;
}

/** A file of recorded answers, opened. */
export interface AnswerRecord extends AsyncDisposable {
  /** What was answered, if it was asked before. */
  get(key: string): RecordedAnswer | undefined;
  /** Adds an answer; it is in the file when this ends. */
  add(answer: RecordedAnswer): void;
  /** Number of answers. */
  readonly size: number;
}

/**
 * Opens a file of recorded answers: JSON lines, added to as answers come. It is the
 * record of what the model said, and what runs are replayed from; of two answers to
 * one request the last counts. A last line that a crash cut off is dropped.
 *
 * @param path The file; absent: answers are kept in memory alone.
 * @param options Whether it is only read.
 * @returns The record; disposing of it lets go of the file.
 * @throws {RangeError} If another process writes to it, or it is a link.
 * @throws {SyntaxError} If a line isn't an answer.
 * @throws {Deno.errors.NotFound} If it is only read and isn't there.
 *
 * @example Usage
 * ```ts
 * import { openRecord } from "@tdro/tdro/llm";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/answers.jsonl`;
 * const key = "0".repeat(64);
 * {
 *   await using record = await openRecord(path);
 *   record.add({ key, prompt: "toy/1", llm: "m", said: "{}", tokensIn: 3, tokensOut: 1 });
 * }
 * await using again = await openRecord(path, { readOnly: true });
 * assert.equal(again.get(key)!.said, "{}");
 * ```
 */
export async function openRecord(
  path: string | undefined,
  { readOnly = false, mayLack = false }: OpenRecordOptions = {},
): Promise<AnswerRecord> {
  await using held = new AsyncDisposableStack();
  let file: Deno.FsFile | undefined;
  let answers = new Map<string, RecordedAnswer>();
  if (path !== undefined) {
    if (!readOnly) {
      await refuseLink(path);
      await makeFolder(dirname(path));
      held.use(await lockOf(path));
    }
    const read = await readAnswers(path);
    if (!read && readOnly && !mayLack) {
      throw new Deno.errors.NotFound(
        `Cannot replay ${path}: there is no such file; leave out --offline to ask the model`,
      );
    }
    answers = read?.answers ?? answers;
    if (!readOnly) {
      file = await Deno.open(path, { append: true, create: true });
      held.defer(() => file!.close());
      if (read?.torn) await file.truncate(read.whole);
    }
  }
  const release = held.move();
  const encoder = new TextEncoder();
  return {
    get: (key) => answers.get(key),
    add(answer) {
      answers.set(answer.key, answer);
      if (!file) return;
      try {
        const bytes = encoder.encode(`${JSON.stringify(answer)}\n`);
        for (let at = 0; at < bytes.length;) {
          at += file.writeSync(bytes.subarray(at));
        }
      } catch (error) {
        throw withPath(error, path!);
      }
    },
    get size() {
      return answers.size;
    },
    async [Symbol.asyncDispose]() {
      file?.syncSync();
      await release.disposeAsync();
    },
  };
}

async function lockOf(path: string): Promise<AsyncDisposable> {
  const lock = await takeLock(`${path}.lock`);
  if (!isHeld(lock)) return lock;
  throw new RangeError(
    `Cannot write to ${path}: ${lock.who} is writing to it; wait until it has finished, or name another file with --answers`,
  );
}

/** The answers in a file, and how many of its bytes are whole lines. */
async function readAnswers(path: string) {
  const text = await readTextIfThere(path, { torn: true });
  if (text === undefined) return;
  const answers = new Map<string, RecordedAnswer>();
  const lines = text.split("\n");
  const torn = lines.pop() !== "";
  for (const [i, line] of lines.entries()) {
    const answer = answerOf(line, `${path}:${i + 1}`);
    answers.set(answer.key, answer);
  }
  const whole = new TextEncoder()
    .encode(text.slice(0, text.lastIndexOf("\n") + 1)).length;
  return { answers, torn, whole };
}

function answerOf(line: string, where: string): RecordedAnswer {
  let value: unknown;
  let wrong = "it is not JSON";
  try {
    value = jsonValue(line);
    const { data, error } = recorded.safeParse(value);
    if (data) return data;
    wrong = describeIssue(error!.issues[0]!, value);
  } catch {
    // As said above.
  }
  throw new SyntaxError(
    `Cannot read ${where}: the line must be a recorded answer: ${wrong}; remove the line`,
  );
}
