import { z } from "zod";
import type { LineIssue } from "../../base/describe_issue.ts";

/** The form of an answer: a zod schema of an object. */
export interface AnswerForm<T = unknown> {
  /** What an answer is, or what is wrong with it. */
  safeParse(value: unknown):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly LineIssue[] } };
}

/** Something that a language model is asked, and the form of its answer. */
export interface LlmRequest<T = unknown> {
  /** What it is about, unique among the requests; for lists of failed ones. */
  id: string;
  /** Name and version of the prompt, e.g. `judge-answers/1`. */
  prompt: string;
  /** What the model is and does. */
  system: string;
  /** The request itself. */
  user: string;
  /** Form of the answer. */
  schema: AnswerForm<T>;
  /** Tokens that an answer has, about; for the estimate. */
  expected: number;
}

/** What is sent beside the texts, and decides what is answered. */
export interface AskedWith {
  /** Name of the model. */
  llm: string;
  /** How much chance it may use. */
  temperature: number;
}

/** The form of an answer as JSON schema. */
export function jsonSchemaOf(schema: AnswerForm): Record<string, unknown> {
  const { $schema: _, ...json } = z.toJSONSchema(schema as z.ZodType);
  return json;
}

/**
 * Hash of all that an answer depends on, under which it is recorded: model, texts,
 * form, temperature. The endpoint's address isn't among it, nor how the form is
 * asked for.
 *
 * @param request The request.
 * @param asked The model.
 * @returns SHA-256 in hexadecimal digits.
 */
export async function requestKey(
  { system, user, schema }: LlmRequest,
  { llm, temperature }: AskedWith,
): Promise<string> {
  const text = JSON.stringify([
    "tdro-llm/1",
    llm,
    temperature,
    system,
    user,
    jsonSchemaOf(schema),
  ]);
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(text),
  );
  return new Uint8Array(digest).toHex();
}

/**
 * Tokens of a text, about: a quarter of a plain letter, one for each other sign.
 *
 * @param text The text.
 */
export function tokensOf(text: string): number {
  let plain = 0;
  let other = 0;
  for (const sign of text) {
    if (sign < "\u0250") plain++;
    else other++;
  }
  return Math.ceil(plain / 4) + other;
}
