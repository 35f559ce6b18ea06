import { z } from "zod";

/** Options that every command has. */
export interface GlobalOptions {
  /** File of options. */
  config?: string;
  /** Results as JSON. */
  json: boolean;
  /** Results and errors only. */
  quiet: boolean;
  /** Command line that is told of progress. */
  onEvent?: string;
  /** The help text instead of the work. */
  help: boolean;
}

/** Schema of the options that every command has. */
export const globalOptions: z.ZodType<GlobalOptions> = z.strictObject({
  config: z.string().optional().meta({ placeholder: "FILE" }).describe(
    "JSON or YAML file of options (the flags' names in camelCase), or a " +
      "run's run.json; flags override it",
  ),
  json: z.boolean().default(false).describe("Print the result as JSON"),
  quiet: z.boolean().default(false).describe(
    "Print only the result and errors, no progress",
  ),
  onEvent: z.string().min(1).optional().meta({ placeholder: "COMMAND" })
    .describe(
      "Run this command and write each step's progress to its standard " +
        "input as a line of JSON; needs --allow-run",
    ),
  help: z.boolean().default(false).describe("Show this help"),
});

/** Short forms of flags. */
export const SHORT: Readonly<Record<string, string>> = {
  quiet: "q",
  help: "h",
};
