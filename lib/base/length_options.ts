import { z } from "zod";
import { DEFAULT_PASSAGE_LENGTH, DEFAULT_QUERY_LENGTH } from "./defaults.ts";

const most = (tokens: number) =>
  `default: as tdro trained the model, else what it takes, at most ${tokens}`;

/** The options of every command that cuts texts; `textLimits()` fills them in. */
export const lengthShape = {
  queryLength: z.int().min(3).optional().describe(
    `Maximum tokens per query, its prompt included; ${
      most(DEFAULT_QUERY_LENGTH)
    }`,
  ),
  passageLength: z.int().min(3).optional().describe(
    `Maximum tokens per passage; ${most(DEFAULT_PASSAGE_LENGTH)}`,
  ),
};
