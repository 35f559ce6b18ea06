import { z } from "zod";

/** What a command may do to a run that is in its folder. */
export const forceShape = {
  force: z.boolean().default(false).describe(
    "Replace the run in the folder; a finished one is kept until the new " +
      "one is complete",
  ),
  forceSettings: z.boolean().default(false).describe(
    "Resume the unfinished run in --out with another learning rate, " +
      "warm-up, weight decay, dropout, precision or memory settings",
  ),
};
