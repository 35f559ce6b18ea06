import { readTextIfThere } from "../../base/read_text.ts";
import { dirname } from "node:path";
import { z } from "zod";
import { jsonValue } from "../../base/json_value.ts";
import { writeWhole } from "../../base/write_whole.ts";

/** A question of a strategy, and what was computed for it. */
interface Answer {
  question: string;
  answer: unknown;
}

const schema = z.object({ question: z.string(), answer: z.unknown() });

function answerOf(line: string, path: string, i: number): Answer {
  try {
    return schema.parse(jsonValue(line)) as Answer;
  } catch {
    throw new SyntaxError(
      `${path}:${
        i + 1
      }: Cannot go on: the line holds no question and answer; remove the file to learn anew`,
    );
  }
}

/**
 * What a strategy's context has answered so far, a line each. A strategy asks
 * the same questions in the same order whenever it runs with the same seed; so
 * one that was interrupted is run again from its start and gets the answers
 * that are there at once, without the training behind them.
 */
export class Journal {
  readonly #path: string;
  readonly #answers: Answer[];
  #next = 0;

  private constructor(
    path: string,
    answers: Answer[],
  ) {
    this.#path = path;
    this.#answers = answers;
  }

  /** Opens a journal; one that isn't there is empty. */
  static async open(path: string): Promise<Journal> {
    await Deno.mkdir(dirname(path), { recursive: true });
    const text = await readTextIfThere(path) ?? "";
    const lines = text.split("\n");
    // What follows the last line break was torn by an interruption.
    if (lines.pop() !== "") {
      await writeWhole(path, lines.map((l) => l + "\n").join(""));
    }
    return new Journal(path, lines.map((line, i) => answerOf(line, path, i)));
  }

  /** Whether answers of an earlier try are left. */
  get replaying(): boolean {
    return this.#next < this.#answers.length;
  }

  /** The answer of an earlier try, or a new one, which is kept. */
  async ask<T>(question: string, compute: () => Promise<T>): Promise<T> {
    const known = this.#answers[this.#next++];
    if (known) {
      if (known.question !== question) {
        throw new RangeError(
          `Cannot go on from ${this.#path}: the strategy asked for ${known.question} before and for ${question} now; remove the file to learn anew`,
        );
      }
      return known.answer as T;
    }
    const answer = await compute();
    this.#answers.push({ question, answer });
    await Deno.writeTextFile(
      this.#path,
      JSON.stringify({ question, answer }) + "\n",
      { append: true },
    );
    return answer;
  }

  /** Removes it, once the strategy's result is kept. */
  async drop(): Promise<void> {
    await Deno.remove(this.#path).catch(() => {});
  }
}
