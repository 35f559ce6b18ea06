import { z } from "zod";
import type { Command } from "./command.ts";

/** `tdro demo`; a placeholder until `lib/experiment` is there. */
export const command: Command<Record<string, never>> = {
  name: "demo",
  summary: "Learn the mixture of the docs suite from end to end",
  examples: [{ about: "All of it", line: "tdro demo" }],
  options: z.strictObject({}),
  run() {
    return Promise.reject(
      new RangeError("Cannot run the demo: lib/experiment isn't there yet"),
    );
  },
};
