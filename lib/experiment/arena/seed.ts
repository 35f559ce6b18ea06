import { join } from "node:path";
import { makeFolder } from "../../base/files/make_folder.ts";
import { writeJson } from "../../base/files/json_file.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { inRow, prefixed } from "../../base/progress_rows.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import { EARLIER_MINING, type SettledOptions } from "../settled_lengths.ts";
import { MetricsLog } from "../stages/metrics_log.ts";
import { type MinedRows, mineStage } from "../stages/mine_negatives.ts";
import type { StageInput } from "../stages/stage_input.ts";
import type { ArenaIdentity } from "./folder.ts";
import type { PreparedArena } from "./prepare.ts";

/**
 * Settings of one seed, with the lengths that hold.
 *
 * @param settings Settings of the arena.
 * @param identity What its arms have in common.
 * @param own The seed, and where its files go.
 */
export function seedSettings(
  settings: ExperimentOptions,
  identity: ArenaIdentity,
  own: Pick<SettledOptions, "seed" | "out">,
): SettledOptions {
  const { queryLength, passageLength } = identity
    .settings as unknown as SettledOptions;
  return { ...settings, queryLength, passageLength, ...own };
}

/**
 * The training rows of one seed, with their hard negatives.
 *
 * @param own Settings of the seed.
 * @param arena The arena; `earlier`: whether a version before began it.
 */
export function seedRows(
  own: SettledOptions,
  { suite, mined, signal, earlier = false }:
    & Pick<PreparedArena, "suite" | "mined" | "signal">
    & { earlier?: boolean },
): AsyncGenerator<ProgressEvent, MinedRows> {
  return inRow(
    "hard negatives",
    prefixed(
      `seed ${own.seed}`,
      mineStage(own, suite, {
        mined,
        lengths: earlier ? EARLIER_MINING : undefined,
        signal,
      }),
    ),
  );
}

/** What {@linkcode beginSeed} needs beside the settings. */
export interface BeginSeedOptions extends
  MinedRows,
  Pick<
    StageInput,
    "suite" | "base" | "pooled" | "dev" | "backend" | "signal"
  > {}

/** Makes the folder of a seed, and what each of its arms starts with. */
export async function beginSeed(
  own: SettledOptions,
  { statistics, ...input }: BeginSeedOptions,
): Promise<StageInput> {
  await makeFolder(own.out);
  await writeJson(join(own.out, "negatives.json"), statistics);
  return {
    ...input,
    options: own,
    log: new MetricsLog(own.out),
    fixedSettings: true,
  };
}
