import type { Flag } from "./flags.ts";
import {
  EARLIER_WEIGHT_DRAW,
  promptsOfToday,
} from "../../base/earlier_names.ts";
import { isObject, type Values } from "./read_arguments.ts";

/** Where the record was, and for whom it is read. */
interface Reader {
  /** Options of the command. */
  all: readonly Flag[];
  /** The file. */
  path: string;
}

/**
 * The options in the record of a run (`run.json`) or an arena (`settings.json`), so
 * that `--config` takes it and the run can be repeated or varied. The folder is not
 * among them: the run that is there stays. The suite isn't either, as a record has
 * its hash and not where it lay.
 *
 * @param config What the file holds.
 * @param reader Options of the command; the file.
 * @returns The options by the command's names; `undefined` if it is no record.
 */
export function recordedOptions(
  config: Values,
  { all, path }: Reader,
): Values | undefined {
  const settings = settingsOf(config);
  if (settings === undefined) return;
  const { suite, backend } = config as {
    suite?: { tasks?: unknown };
    backend?: { name?: unknown };
  };
  const { out: _, kind: __, ...options } = settings;
  const has = (name: string) => all.some((flag) => flag.name === name);
  const around = {
    ...has("tasks") && { tasks: suite?.tasks },
    ...has("backend") && { backend: backend?.name },
  };
  return withoutUndefined({
    ...around,
    ...options,
    prompts: promptsOfToday(options.teacherPrompts ?? options.prompts),
    teacherPrompts: undefined,
    // Records of runs that learned weights before it was among the options.
    ..."weightBatchSize" in options &&
      { weightDraw: options.weightDraw ?? EARLIER_WEIGHT_DRAW },
    ...adapterFor(options),
    // To the last digit, and by the tasks' names: the record is a mixture itself.
    ...has("mixture") && "weights" in options &&
      { mixture: path, weights: undefined },
  });
}

function settingsOf(config: Values): Values | undefined {
  const { format, options, settings, suite, backend } = config;
  const run = typeof format === "string" && format.startsWith("tdro-");
  if (run && isObject(options)) return options;
  // An arena's record has no format.
  const arena = isObject(suite) && isObject(backend) && !("format" in config);
  if (arena && isObject(settings)) return settings;
}

/** All maps is what an adapter has without `targets`, which is a list. */
function adapterFor({ lora }: Values): Values {
  if (!isObject(lora) || Array.isArray(lora.targets)) return {};
  const { targets: _, ...rest } = lora;
  return { lora: rest };
}

function withoutUndefined(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  );
}
