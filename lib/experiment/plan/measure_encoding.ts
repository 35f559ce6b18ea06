import { passageText } from "../../data/mod.ts";
import { encodeFunction, textLimits } from "../../model/mod.ts";
import type { StageInput } from "../stages/stage_input.ts";

/** Passages that are encoded. */
const PASSAGES = 32;

/**
 * Encodes some passages of all tasks as an evaluation does, with the numbers that it
 * multiplies, and tells the seconds per token.
 *
 * @param input Start, tasks and settings.
 */
export async function measureEncoding(
  { base, suite, options, signal }: Pick<
    StageInput,
    "base" | "suite" | "options" | "signal"
  >,
): Promise<number> {
  const each = Math.ceil(PASSAGES / suite.tasks.length);
  const texts = suite.tasks.flatMap(({ corpus }) =>
    [...corpus.values().take(each)].map((passage) => passageText(passage))
  );
  const { passageLength } = textLimits(base, options);
  const tokens = base.tokenizer.encode(texts).ids
    .reduce((sum, { length }) => sum + Math.min(length, passageLength), 0);
  const encode = encodeFunction(base, options);
  await encode(texts, { signal }); // weights are converted once
  const start = performance.now();
  await encode(texts, { signal });
  return (performance.now() - start) / 1000 / Math.max(1, tokens);
}
