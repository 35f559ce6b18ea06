import type { ProgressEvent } from "../../base/progress_event.ts";
import type { Suite } from "../../data/mod.ts";
import type { Strategy } from "../../dro/mod.ts";
import { withDevSample } from "../dev/dev_set.ts";
import { type MinedFolder, openMinedFolder } from "../mined_folder.ts";
import { identityOf } from "../run_folder.ts";
import { type OpenLengths, settleLengths } from "../settled_lengths.ts";
import { checkSuite } from "../stages/check_suite.ts";
import { openPooledTest } from "../stages/pooled_test.ts";
import type { StageInput } from "../stages/stage_input.ts";
import type { ArenaIdentity } from "./folder.ts";
import {
  type CheckedOptions,
  checkedOptions,
  type CompareMixturesOptions,
  withUniform,
} from "./options.ts";

/** An arena before its folder is looked at. */
export interface PreparedArena extends CheckedOptions {
  /** The strategies, uniform first. */
  entries: Strategy[];
  /** The tasks, without queries that are held out. */
  suite: Suite;
  /** The dev sample, if models are measured while they train. */
  sample?: Suite | undefined;
  /** What is told of both. */
  events: ProgressEvent[];
  /** Negatives that were mined before. */
  mined?: MinedFolder | undefined;
  /** The pool that is evaluated on, if it isn't whole corpora. */
  pooled: StageInput["pooled"];
  /** Lengths that were left out. */
  open: OpenLengths;
  /** What the arms have in common. */
  identity: ArenaIdentity;
}

/**
 * Checks what an arena is given and tells what its arms have in common. Writes
 * nothing.
 *
 * @param whole The tasks.
 * @param strategies Strategies, or their names.
 * @param options Settings.
 * @throws {RangeError} If something is out of bounds or doesn't fit together.
 */
export async function prepareArena(
  whole: Suite,
  strategies: readonly (Strategy | string)[],
  options: CompareMixturesOptions,
): Promise<PreparedArena> {
  const checked = checkedOptions(options);
  const { settings, budget, devQueries, backend } = checked;
  const entries = withUniform(strategies, settings);
  checkSuite(whole);
  const mined = settings.mined === undefined
    ? undefined
    : await openMinedFolder(settings.mined, whole);
  const pooled = await openPooledTest(settings.pool, whole);
  const settled = await settleLengths(settings);
  const { out: _, seed: __, ...shared } = settled.options;
  const identity: ArenaIdentity = {
    settings: { ...shared, budget, devQueries },
    ...await identityOf(whole, backend),
    mined: mined?.origin,
    pool: pooled?.origin,
  };
  return {
    ...checked,
    ...withDevSample(whole, settings),
    entries,
    mined,
    pooled,
    open: settled.open,
    identity,
  };
}
