import type { Flag } from "./flags.ts";
import type { Values } from "./read_arguments.ts";

/**
 * The options in the record of a finished run (`run.json`), so that `--config`
 * takes it and the run can be repeated or varied. The folder is not among them: the
 * run that is there stays. Any other file is what it is.
 *
 * @param config What the file holds.
 * @param all Options of the command: tasks and backend are taken if it has them.
 */
export function recordedOptions(config: Values, all: readonly Flag[]): Values {
  const { format, options, suite, backend } = config as {
    format?: unknown;
    options?: unknown;
    suite?: { tasks?: unknown };
    backend?: { name?: unknown };
  };
  const record = typeof format === "string" && format.startsWith("tdro-") &&
    typeof options === "object" && options !== null;
  if (!record) return config;
  const { out: _, ...settings } = options as Values;
  const optionNames = new Set(all.map((flag) => flag.path.join(".")));
  const around = { tasks: suite?.tasks, backend: backend?.name };
  return {
    ...Object.fromEntries(
      Object.entries(around).filter(([key, value]) =>
        optionNames.has(key) && value !== undefined
      ),
    ),
    ...settings,
  };
}
