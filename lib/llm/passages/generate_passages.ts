import { z } from "zod";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { passageText } from "../../base/texts/passage_text.ts";
import type { Task } from "../../data/types.ts";
import { askAll } from "../client/ask_all.ts";
import { tokensOf } from "../client/llm_request.ts";
import type { Llm } from "../client/open_llm.ts";
import { cutText, promptOf, wordingOf } from "../prompts/wording.ts";
import {
  generated,
  type GeneratedPassages,
  type GenerateOptions,
  seekingOf,
} from "./generated_passage.ts";

const text = z.string().trim().min(1);

/** A passage of each grade, by fields: none can be left out or written twice. */
const form = z.object({
  grade3: text,
  grade2: text,
  grade1: text,
  grade0: text,
});

/**
 * Has a language model write passages of four grades for each query, from one that
 * answers it fully to one about something else. The example that shows their style is
 * a passage of the task that doesn't answer the query, drawn at random.
 *
 * @param llm The model.
 * @param task The task.
 * @param options How many queries.
 * @returns Progress; at the end the passages.
 * @throws {RangeError} If no query has a positive, or as `askAll()`.
 */
export async function* generatePassages(
  llm: Llm,
  task: Task,
  options: GenerateOptions,
): AsyncGenerator<ProgressEvent, GeneratedPassages> {
  const { rng, passageChars = 2000, signal } = options;
  const wording = await wordingOf("passages", options.wording);
  const corpus = [...task.corpus.values()];
  const requests = seekingOf(task, options).map(({ query, positive }) => {
    let example = corpus[rng.int(corpus.length)]!;
    for (let tries = 0; example === positive && tries < 10; tries++) {
      example = corpus[rng.int(corpus.length)]!;
    }
    const shown = cutText(passageText(example), passageChars);
    return {
      id: query.id,
      ...promptOf(wording, { query: query.text, example: shown }),
      schema: form,
      expected: 4 * (tokensOf(shown) + 8),
    };
  });
  const { answers, failed } = yield* askAll(llm, requests, {
    label: `writing passages for ${task.name}`,
    what: `Queries and passages of ${task.name}`,
    signal,
  });
  const passages = new Map([...answers].map(([id, written]) => [
    id,
    generated(
      id,
      ([3, 2, 1, 0] as const).map((grade) => ({
        grade,
        text: written[`grade${grade}`],
      })),
    ),
  ]));
  return { passages, failed };
}
