import { z } from "zod";
import { EARLIER_WEIGHT_DRAW, promptsOfToday } from "../base/earlier_names.ts";
import { experimentShape } from "./experiment_options.ts";

/**
 * The settings in a record, which an earlier version may have written, as this one
 * would have: a setting that was not there then has the default, which does what
 * was done before; but stage 1 drew each row by itself.
 *
 * @param recorded The settings.
 * @param now Settings of the run that they are compared with; tells which there are.
 */
export function settingsOfToday<Settings extends object>(
  recorded: Settings,
  now: object,
): Settings {
  const missing = Object.keys(now).filter((name) =>
    !Object.hasOwn(recorded, name) && Object.hasOwn(DEFAULTS, name)
  );
  return {
    ...recorded,
    ...Object.fromEntries(missing.map((name) => [name, DEFAULTS[name]])),
    ...missing.includes("weightDraw") && { weightDraw: EARLIER_WEIGHT_DRAW },
    ..."prompts" in recorded && { prompts: promptsOfToday(recorded.prompts) },
  };
}

const DEFAULTS: Readonly<Record<string, unknown>> = z.object(experimentShape)
  .parse({});
