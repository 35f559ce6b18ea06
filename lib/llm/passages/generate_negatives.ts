import { z } from "zod";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { passageText } from "../../base/texts/passage_text.ts";
import type { Task } from "../../data/types.ts";
import { askAll } from "../client/ask_all.ts";
import { type LlmRequest, tokensOf } from "../client/llm_request.ts";
import type { Llm } from "../client/open_llm.ts";
import { cutText, promptOf, wordingOf } from "../prompts/wording.ts";
import {
  generated,
  type GeneratedPassages,
  type GenerateOptions,
  type Seeking,
  seekingOf,
} from "./generated_passage.ts";

/**
 * What negatives are written from: the query alone; the query and its positive; or
 * the requirements for an answer, each violated by one negative.
 */
export type NegativesFrom = "query" | "positive" | "requirement";

/** Options for {@linkcode generateNegatives}. */
export interface GenerateNegativesOptions extends GenerateOptions {
  /** What they are written from. @default {"requirement"} */
  from?: NegativesFrom;
  /** Negatives for each query. @default {4} */
  count?: number;
}

/** What a model answers. */
interface Written {
  why?: string | undefined;
  negatives: { violates?: string | undefined; text: string }[];
}

/**
 * Has a language model write hard negatives. From the query alone they tend to be off
 * the subject, or to give themselves away by their style; from the positive and one
 * violated requirement at a time less so. Which of them train well is to be measured
 * (`compareNegatives()`); none is taken before it was held to the positive
 * (`keepGenerated()`).
 *
 * @param llm The model.
 * @param task The task.
 * @param options From what, and how many.
 * @returns Progress; at the end the passages, of grade 0.
 * @throws {RangeError} If no query has a positive, or as `askAll()`.
 */
export async function* generateNegatives(
  llm: Llm,
  task: Task,
  options: GenerateNegativesOptions,
): AsyncGenerator<ProgressEvent, GeneratedPassages> {
  const { from = "requirement", count = 4, passageChars = 2000 } = options;
  const wording = await wordingOf(`negatives-${from}`, options.wording);
  const cut = (seeking: Seeking) =>
    cutText(passageText(seeking.positive), passageChars);
  const requests = seekingOf(task, options).map((seeking) => {
    const { query: { id, text: query } } = seeking;
    const positive = cut(seeking);
    const data = from === "query"
      ? { query, count }
      : { query, positive, count };
    const length = Math.max(40, tokensOf(positive) + 8);
    const request: LlmRequest<Written> = {
      id,
      ...promptOf(wording, data),
      schema: formOf(from, count),
      expected: count * length + (from === "requirement" ? 40 : 0),
    };
    return request;
  });
  const { answers, failed } = yield* askAll(llm, requests, {
    label: `writing negatives for ${task.name}`,
    what: from === "query"
      ? `Queries of ${task.name}`
      : `Queries and their positives of ${task.name}`,
    signal: options.signal,
  });
  const passages = new Map([...answers].map(([id, { negatives }]) => [
    id,
    generated(
      id,
      negatives.map(({ text, violates }) => ({
        text,
        grade: 0 as const,
        ...violates !== undefined && { violates },
      })),
    ),
  ]));
  return { passages, failed };
}

function formOf(from: NegativesFrom, count: number): z.ZodType<Written> {
  const text = z.string().trim().min(1);
  if (from !== "requirement") {
    return z.object({ negatives: z.array(z.object({ text })).length(count) });
  }
  const each = z.object({ violates: z.string(), text });
  return z.object({
    why: z.string(),
    negatives: z.array(each).length(count),
  });
}
