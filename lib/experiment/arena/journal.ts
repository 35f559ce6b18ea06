import { readBytes } from "../../base/files/open_file.ts";
import { exists } from "../../base/files/exists.ts";
import { makeFolder } from "../../base/files/make_folder.ts";
import { dirname } from "node:path";
import { z } from "zod";
import { jsonValue } from "../../base/json_value.ts";
import { seal, unseal } from "../../base/files/sealed_json.ts";
import { writeWhole } from "../../base/files/write_whole.ts";

/** A question of a strategy, and what was computed for it. */
interface Answer {
  question: string;
  answer: unknown;
}

const schema = z.looseObject({ question: z.string(), answer: z.unknown() });

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

  private constructor(path: string, answers: Answer[]) {
    this.#path = path;
    this.#answers = answers;
  }

  /** Opens a journal; one that isn't there is empty. */
  static async open(path: string): Promise<Journal> {
    await makeFolder(dirname(path));
    const text = await looseText(path);
    const lines = text === "" ? [] : text.trimEnd().split("\n");
    const answers: Answer[] = [];
    for (const line of lines) {
      const answer = parseAnswer(line);
      // Torn by an interruption, or damaged: asked again, with what came after.
      if (!answer) break;
      answers.push(answer);
    }
    if (answers.length < lines.length || !text.endsWith("\n")) {
      await writeWhole(path, answers.map(lineOf).join(""));
    }
    return new Journal(path, answers);
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
          `Cannot resume from ${this.#path}: the strategy asked for ` +
            `${known.question} before and for ${question} now; remove the ` +
            "file to learn anew",
        );
      }
      return known.answer as T;
    }
    const answer = await compute();
    this.#answers.push({ question, answer });
    await Deno.writeTextFile(this.#path, lineOf({ question, answer }), {
      append: true,
    });
    return answer;
  }

  /** Removes it, once the strategy's result is kept. */
  async drop(): Promise<void> {
    await Deno.remove(this.#path).catch(() => {});
  }
}

/** Its lines are sealed: one in which a byte had to be replaced doesn't count. */
async function looseText(path: string): Promise<string> {
  if (!await exists(path)) return "";
  return new TextDecoder().decode(await readBytes(path));
}

function lineOf(answer: Answer): string {
  return JSON.stringify(seal(answer)) + "\n";
}

function parseAnswer(line: string): Answer | undefined {
  try {
    return unseal(schema.parse(jsonValue(line))) as Answer | undefined;
  } catch {
    return undefined;
  }
}
