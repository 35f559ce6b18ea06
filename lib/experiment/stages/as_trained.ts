import { queryText, type Suite } from "../../data/mod.ts";
import type { Encoder } from "../../model/mod.ts";
import type { StageInput } from "./stage_input.ts";

/**
 * A trained encoder with the lengths and prompts that it was trained with, in
 * place of those of the model it started from.
 *
 * @param encoder The encoder; its parameters are shared.
 * @param input Settings and tasks.
 */
export function asTrained(
  encoder: Encoder,
  { options, suite }: Pick<StageInput, "options" | "suite">,
): Encoder {
  const { defaultPromptName: _, ...modules } = encoder.modules;
  const longest = Math.max(options.queryLength, options.passageLength);
  const maxLength = Math.min(encoder.maxLength, longest);
  const lengths = {
    query: Math.min(maxLength, options.queryLength),
    passage: Math.min(maxLength, options.passageLength),
  };
  const prompts = taskPrompts(suite, options.prompts);
  return {
    ...encoder,
    maxLength,
    modules: { ...modules, maxLength, lengths, prompts },
  };
}

/**
 * What stands before a task's queries, by its name; and, where all tasks agree, by
 * the names that sentence-transformers' `encode_query` and `encode_document` take.
 * There is no default: it would go before passages too, which have no prompt.
 */
function taskPrompts(
  { tasks }: Suite,
  prompts: "task" | "none",
): Record<string, string> {
  const byTask = tasks.map(({ name, prompt }) =>
    [name, queryText(prompts === "task" ? prompt : "", "")] as const
  );
  const [query, ...others] = new Set(byTask.map(([, prompt]) => prompt));
  const common: Record<string, string> = others.length === 0
    ? { query: query!, document: "" }
    : {};
  return { ...common, ...Object.fromEntries(byTask) };
}
