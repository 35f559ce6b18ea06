import { modelInfo, textLimits } from "../model/mod.ts";
import type { ExperimentOptions } from "./experiment_options.ts";

/** Names of the settings that a model may decide. */
const LENGTHS = ["queryLength", "passageLength"] as const;

/** One of them. */
type LengthName = typeof LENGTHS[number];

/** Settings of which the lengths are decided too. */
export interface SettledOptions extends ExperimentOptions {
  /** Maximum tokens of a query. */
  queryLength: number;
  /** Maximum tokens of a passage. */
  passageLength: number;
}

/** Lengths that were left out: an earlier run in the folder may have its own. */
export interface OpenLengths {
  /** Which were left out. */
  names: readonly LengthName[];
  /** Whether the model told its own; not so if it can't be read. */
  known: boolean;
}

/** Which lengths were left out. */
export function openLengths(
  options: Partial<Record<LengthName, number | undefined>>,
): LengthName[] {
  return LENGTHS.filter((name) => options[name] === undefined);
}

/**
 * Settings with lengths: those that are given, else as {@linkcode textLimits} says
 * of the model.
 *
 * @param options The settings.
 */
export async function settleLengths(
  options: ExperimentOptions,
): Promise<{ options: SettledOptions; open: OpenLengths }> {
  const { queryLength, passageLength, model } = options;
  const names = openLengths(options);
  // What is wrong with a model is said later, unless the run is finished.
  const info = model === undefined || names.length === 0
    ? undefined
    : await modelInfo(model).catch(() => undefined);
  const own = textLimits(info);
  return {
    options: {
      ...options,
      queryLength: queryLength ?? own.queryLength,
      passageLength: passageLength ?? own.passageLength,
    },
    open: { names, known: model === undefined || info !== undefined },
  };
}

/** What versions took that left no `lengths` in their records. */
const EARLIER: Readonly<Record<LengthName, number>> = {
  queryLength: 48,
  passageLength: 64,
};

/** The same for mining by a model. */
export const EARLIER_MINING: Readonly<Record<LengthName, number>> = {
  queryLength: 64,
  passageLength: 256,
};

/**
 * The lengths that a run in a folder has and that the same command, which leaves
 * them out, goes on with: the defaults of its version, or those of a model that is
 * no longer there.
 *
 * @param recorded Settings of the run in the folder.
 * @param open Lengths that were left out.
 * @param options `earlier`: whether a version before wrote it; `defaults`: what that
 * took.
 */
export function recordedLengths(
  recorded: Readonly<Record<string, unknown>>,
  { names, known }: OpenLengths,
  { earlier, defaults = EARLIER }: {
    earlier: boolean;
    defaults?: Readonly<Record<LengthName, number>>;
  },
): Partial<Record<LengthName, number>> {
  const taken = names.filter((name) =>
    earlier && recorded[name] === defaults[name] ||
    !known && typeof recorded[name] === "number"
  );
  return Object.fromEntries(taken.map((name) => [name, recorded[name]]));
}
