import { z } from "zod";
import type { Command } from "../../command.ts";
import {
  type GenerateCommandOptions,
  generateShape,
  runGenerating,
} from "./generate.ts";

/** Options of `tdro llm passages`. */
export interface LlmPassagesOptions extends GenerateCommandOptions {
  /** Highest grade that counts as a negative. */
  negativeGrade: number;
}

/** `tdro llm passages`. */
export const command: Command<LlmPassagesOptions> = {
  name: "llm passages",
  summary: "Have a language model write passages of four grades",
  details:
    "For each training query passages of the grades 3 (answers fully), 2 (in part), 1 (same subject) and 0 are written in the style of a passage of the task. Grade 3 becomes a positive, grades up to --negative-grade become negatives if they hold to the rules of tdro mine. The training files have the grades as the scores of a teacher (ce_score).",
  examples: [
    {
      about: "For 200 queries of each task",
      line:
        "tdro llm passages --suite my/suite --queries 200 --url http://127.0.0.1:8000/v1 --llm qwen3-8b --out my/graded",
    },
  ],
  options: z.strictObject({
    ...generateShape.first,
    negativeGrade: z.int().min(0).max(2).default(1).describe(
      "Highest grade that counts as a negative; what is between it and 3 is left out",
    ),
    ...generateShape.last,
  }),
  async run(options, io) {
    const { generatePassages } = await import("../../../llm/mod.ts");
    const { negativeGrade } = options;
    await runGenerating(options, io, {
      write: generatePassages,
      settings: { graded: true, negativeGrade },
      negativeGrade,
      scored: true,
    });
  },
};
