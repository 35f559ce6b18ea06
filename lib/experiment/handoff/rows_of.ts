import { passageText, queryText, type TrainExample } from "../../data/mod.ts";
import type { HandOffSource } from "./source.ts";

/**
 * The training rows of a task with the texts that the encoder gets: titles are part
 * of the passages' texts, and prompts of the queries'.
 */
export function* rowsOf(
  { rows, suite, options }: HandOffSource,
  k: number,
): Generator<TrainExample> {
  const prompt = options.prompts === "task" ? suite.tasks[k]!.prompt : "";
  const plain = (passage: TrainExample["positives"][number]) => {
    return { id: passage.id, text: passageText(passage) };
  };
  for (const { domain, query, positives, negatives } of rows[k]!) {
    yield {
      domain,
      query: { id: query.id, text: queryText(prompt, query.text) },
      positives: positives.map(plain),
      negatives: negatives.map(plain),
    };
  }
}
