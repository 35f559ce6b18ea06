import type { Backend } from "../../backend/mod.ts";
import { type Strategy, strategy, uniformMixture } from "../../dro/mod.ts";
import {
  type ExperimentOptions,
  parseExperimentOptions,
} from "../experiment_options.ts";
import type { WeightOptions } from "../weight_options.ts";
import { ARENA_DEFAULTS } from "./defaults.ts";
import { slugOf } from "./slug.ts";

/**
 * Settings of an experiment that an arena has too; the others belong to tDRO
 * alone, or to one seed.
 */
export type ArenaSettings = Omit<
  ExperimentOptions,
  | "seed"
  | "topPercent"
  | Exclude<
    keyof WeightOptions,
    "weightBatchSize" | "weightPassages" | "weightDraw"
  >
>;

/** What {@linkcode compareMixtures} needs beside suite and strategies. */
export interface CompareMixturesOptions extends Partial<ArenaSettings> {
  /** What tensors are computed with: the result of `useBackend()`. */
  backend: Backend;
  /**
   * Proxy steps that each strategy may spend with each seed, > 0; those that
   * need none spend none. @default {400}
   */
  budget?: number;
  /** Seeds, at least one, all different. @default {[1, 2, 3]} */
  seeds?: readonly number[];
  /** Maximum dev queries per task whose loss a strategy may use. @default {64} */
  devQueries?: number;
  /**
   * Whether an arena in the folder is replaced if it is finished or has other
   * settings. A finished one stays until the new one is whole. @default {false}
   */
  force?: boolean;
  /** Stops the work at the next step and leaves a checkpoint. */
  signal?: AbortSignal;
}

/** Options with their defaults. */
export interface CheckedOptions extends
  Required<
    Pick<CompareMixturesOptions, "budget" | "seeds" | "devQueries" | "force">
  >,
  Pick<CompareMixturesOptions, "backend" | "signal"> {
  /** The settings of an experiment among them. */
  settings: ExperimentOptions;
}

/**
 * Options with their defaults.
 *
 * @throws {RangeError} If one is out of bounds.
 */
export function checkedOptions(
  { backend, force = false, signal, ...given }: CompareMixturesOptions,
): CheckedOptions {
  const {
    budget = ARENA_DEFAULTS.budget,
    seeds = ARENA_DEFAULTS.seeds,
    devQueries = ARENA_DEFAULTS.devQueries,
    ...rest
  } = given;
  if (!(budget > 0 && budget < Infinity)) {
    fail(`budget must be a number > 0: got ${budget}`);
  }
  if (!Number.isInteger(devQueries) || devQueries < 1) {
    fail(`devQueries must be an integer >= 1: got ${devQueries}`);
  }
  if (seeds.length === 0) fail("seeds must hold at least one: got none");
  seeds.forEach((seed, i) => {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      fail(`seeds[${i}] must be an integer >= 0: got ${seed}`);
    }
    if (seeds.indexOf(seed) !== i) fail(`seed ${seed} is given twice`);
  });
  const settings = parseExperimentOptions(rest);
  return { backend, force, signal, budget, seeds, devQueries, settings };
}

/**
 * The strategies, the uniform one first.
 *
 * @param given Strategies, or their names.
 * @param settings Tasks in an update, which some need several of and some one.
 */
export function withUniform(
  given: readonly (Strategy | string)[],
  { tasksPerUpdate, balance }: Pick<
    ExperimentOptions,
    "tasksPerUpdate" | "balance"
  >,
): Strategy[] {
  const named = given.map((s) => typeof s === "string" ? strategy(s) : s);
  const all = [
    named.find((s) => s.name === "uniform") ?? uniformMixture(),
    ...named.filter((s) => s.name !== "uniform"),
  ];
  const uniforms = named.filter((s) => s.name === "uniform").length;
  const folders = all.map((s) => slugOf(s.name));
  const twice = folders.find((slug, i) => folders.indexOf(slug) !== i);
  if (twice !== undefined || uniforms > 1) {
    fail(
      `the strategy ${
        twice ?? "uniform"
      } appears twice; give each its own name`,
    );
  }
  for (const { name, balance: own, oneTask } of all) {
    if (own !== undefined && tasksPerUpdate < 2) {
      fail(
        `${name} weighs the tasks of one update: raise --tasks-per-update to 2 or more`,
      );
    }
    if (own !== undefined && balance !== undefined) {
      fail(`${name} has a balance of its own: leave out --balance`);
    }
    if (oneTask && tasksPerUpdate > 1) {
      fail(
        `${name} needs updates of one task: leave out --tasks-per-update, or the strategy`,
      );
    }
  }
  return all;
}

function fail(reason: string): never {
  throw new RangeError(`Cannot compare mixtures: ${reason}`);
}
