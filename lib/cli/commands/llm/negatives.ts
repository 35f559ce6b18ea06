import { z } from "zod";
import type { NegativesFrom } from "../../../llm/mod.ts";
import type { Command } from "../../command.ts";
import {
  type GenerateCommandOptions,
  generateShape,
  runGenerating,
} from "./generate.ts";

/** Options of `tdro llm negatives`. */
export interface LlmNegativesOptions extends GenerateCommandOptions {
  /** What negatives are written from. */
  from: NegativesFrom;
  /** Negatives for each query. */
  count: number;
}

/** `tdro llm negatives`. */
export const command: Command<LlmNegativesOptions> = {
  name: "llm negatives",
  summary: "Have a language model write hard negatives",
  details:
    "Negatives are written from the query alone, from query and positive, or so that each violates one requirement for an answer. They are held to the rules of tdro mine: none that scores too near the best positive, or repeats a text. The training files are for tdro train --mined; the corpus stays as it is. The table tells how well a classifier tells them from real passages, whether they are as long, how near they come to the positive, and what was dropped.",
  examples: [
    {
      about: "Four negatives for each query, one requirement violated by each",
      line:
        "tdro llm negatives --suite my/suite --url http://127.0.0.1:8000/v1 --llm qwen3-8b --out my/written",
    },
    {
      about: "From the query alone, for 200 queries a task",
      line:
        "tdro llm negatives --suite my/suite --from query --queries 200 --url http://127.0.0.1:8000/v1 --llm qwen3-8b --out my/written",
    },
  ],
  options: z.strictObject({
    ...generateShape.first,
    from: z.enum(["query", "positive", "requirement"]).default("requirement")
      .describe(
        "What negatives are written from; requirement: query and positive, one requirement violated at a time",
      ),
    count: z.int().min(1).max(32).default(4).describe(
      "Negatives for each query",
    ),
    ...generateShape.last,
  }),
  async run(options, io) {
    const { generateNegatives } = await import("../../../llm/mod.ts");
    const { from, count } = options;
    await runGenerating(options, io, {
      write: (llm, task, given) =>
        generateNegatives(llm, task, { ...given, from, count }),
      settings: { from },
      negativeGrade: 0,
      scored: false,
    });
  },
};
