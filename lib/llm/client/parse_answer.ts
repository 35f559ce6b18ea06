import { describeIssue } from "../../base/describe_issue.ts";
import { jsonValue } from "../../base/json_value.ts";
import type { AnswerForm } from "./llm_request.ts";

/** An answer of the form that was asked for, or what is wrong with it. */
export type ParsedAnswer<T> =
  | { value: T; repaired: boolean }
  | { wrong: string };

/**
 * Reads an answer: thoughts and fences are taken off, broken JSON is repaired, and
 * what is left must be of the form. Nothing else that an answer says counts.
 *
 * @param said What the model said.
 * @param schema The form.
 * @returns The value, or in a clause what is wrong.
 *
 * @example Usage
 * ```ts
 * import { parseAnswer } from "@tdro/tdro/llm";
 * import { z } from "zod";
 * import assert from "node:assert/strict";
 *
 * const said = "<think>red? no</think>Here it is: {'colour': 'blue',}";
 * const parsed = await parseAnswer(said, z.object({ colour: z.enum(["red", "blue"]) }));
 * assert.deepEqual(parsed, { value: { colour: "blue" }, repaired: true });
 * ```
 */
export async function parseAnswer<T>(
  said: string,
  schema: AnswerForm<T>,
): Promise<ParsedAnswer<T>> {
  const text = withoutThoughts(said);
  if (/^\s*<(?:think|thinking|thought)>/i.test(text)) {
    return { wrong: "the answer ends within the model's thoughts" };
  }
  const start = text.indexOf("{"); // every form is an object
  if (start < 0) return { wrong: "the answer has no JSON object" };
  const { value, repaired } = await valueOf(text.slice(start));
  if (value === undefined) return { wrong: "the answer isn't JSON" };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, repaired };
  const issue = describeIssue(parsed.error.issues[0]!, value);
  return { wrong: issue.replace("the line", "the answer") };
}

/** What comes after the model's thoughts; the tag that opens them may be missing. */
function withoutThoughts(said: string): string {
  const end = [...said.matchAll(/<\/(?:think|thinking|thought)>/gi)].at(-1);
  return end ? said.slice(end.index + end[0].length) : said;
}

async function valueOf(
  text: string,
): Promise<{ value: unknown; repaired: boolean }> {
  // What follows the JSON, such as a fence or a remark, ends at no bracket.
  const whole = text.slice(0, text.lastIndexOf("}") + 1);
  for (const part of [text, whole]) {
    try {
      return { value: jsonValue(part), repaired: false };
    } catch {
      // The next form is tried.
    }
  }
  const { jsonrepair } = await import("jsonrepair");
  for (const part of [whole, text.replace(/```\s*$/, "")]) {
    try {
      return { value: jsonValue(jsonrepair(part)), repaired: true };
    } catch {
      // Nothing that can be mended.
    }
  }
  return { value: undefined, repaired: false };
}
