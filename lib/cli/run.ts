import { z } from "zod";
import type { Command } from "./command.ts";

/** `tdro run`; a placeholder until `lib/experiment` is there. */
export const command: Command<{ suite: string }> = {
  name: "run",
  summary: "Learn the mixture of a suite in BEIR form from end to end",
  examples: [{ about: "A suite", line: "tdro run suites/docs" }],
  options: z.strictObject({
    suite: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Folder of the suite",
    ),
  }),
  operands: ["suite"],
  run() {
    return Promise.reject(
      new RangeError(
        "Cannot run an experiment: lib/experiment isn't there yet",
      ),
    );
  },
};
