import { join } from "node:path";
import { makeFolder } from "../../base/files/make_folder.ts";
import type { Backend } from "../../backend/mod.ts";
import { lockFolder } from "../../base/files/folder_lock.ts";
import { writeJson } from "../../base/files/json_file.ts";
import { writeSealed } from "../../base/files/sealed_json.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { Suite } from "../../data/mod.ts";
import { type Strategy, strategy, uniformMixture } from "../../dro/mod.ts";
import { disposeEncoder, type Encoder, loadEncoder } from "../../model/mod.ts";
import { inRow, prefixed, runArm } from "./arm.ts";
import { arenaBaselines, seedBaselines } from "./baselines.ts";
import { arenaFolder, type ArenaIdentity, openArenaFolder } from "./folder.ts";
import { ARENA_DEFAULTS } from "./defaults.ts";
import { ARENA_RESULT, type ArenaArm, type ArenaResult } from "./result.ts";
import { arenaStatistics } from "./statistics.ts";
import { baseEncoder, keepTokenizer } from "../stages/base_encoder.ts";
import { checkModel } from "../stages/check_model.ts";
import { dropCheckpoints } from "../stages/checkpoints.ts";
import { checkSuite } from "../stages/check_suite.ts";
import {
  type ExperimentOptions,
  parseExperimentOptions,
} from "../experiment_options.ts";
import type { WeightOptions } from "../weight_options.ts";
import {
  EARLIER_MINING,
  type SettledOptions,
  settleLengths,
} from "../settled_lengths.ts";
import { devSet, withDevSample } from "../dev/dev_set.ts";
import { openPooledTest } from "../stages/pooled_test.ts";
import { planStage } from "../plan/plan_stage.ts";
import { arenaStages } from "../plan/planned_stages.ts";
import type { RunPlan } from "../plan/run_plan.ts";
import { MetricsLog } from "../stages/metrics_log.ts";
import { openMinedFolder } from "../mined_folder.ts";
import { mineStage } from "../stages/mine_negatives.ts";
import { dropReplaced } from "../replaced.ts";
import { identityOf } from "../run_folder.ts";
import { slugOf } from "./slug.ts";
import type { StageInput } from "../stages/stage_input.ts";
import { versions } from "../versions.ts";
import { writeArenaReport } from "../report/write_report.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

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

/** What an arena came to, and where it is. */
export interface ArenaOutcome extends ArenaResult {
  /** Its folder. */
  folder: string;
}

/**
 * The arena: strategies compete on a suite. Each chooses a mixture with the
 * same budget of proxy steps, each mixture trains a retriever with the same
 * start, sampler, steps and selection rule (the last step, or by `keep` the best on
 * dev queries), once with each seed, and all are compared with uniform sampling on
 * the test splits; uniform is added where it's missing.
 *
 * Everything lands in a folder, each finished arm with its seed for itself. An
 * interrupted arena, started again with the same settings, goes on where it
 * stopped, to the same result; with more strategies or seeds, only those are
 * computed.
 *
 * @param whole The tasks, with train and test judgments, and dev ones for
 * strategies that measure dev losses and for `evalEvery`; `devFrom` can hold out
 * training queries instead.
 * @param strategies Strategies, or names that `strategy()` knows.
 * @param options Settings; what is left out has the default of
 * `parseExperimentOptions`.
 * @returns Progress; at the end the result and its folder, also in `arena.json`.
 * @throws {RangeError} If a setting is out of bounds, a strategy can't work
 * within the budget, or the folder holds something else.
 *
 * @example Usage
 * ```ts ignore
 * import { arenaTable, compareMixtures } from "@tdro/tdro/experiment";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { openSuite } from "@tdro/tdro/data";
 *
 * const arena = compareMixtures(
 *   await openSuite("my/suite"),
 *   ["tdro", "doge", "temperature-3"],
 *   { backend: await useBackend(), out: "runs/arena", seeds: [1, 2, 3] },
 * );
 * let next = await arena.next();
 * while (!next.done) next = await arena.next();
 * arenaTable(next.value).print();
 * ```
 */
export function compareMixtures(
  suite: Suite,
  strategies: readonly (Strategy | string)[],
  options: CompareMixturesOptions,
): AsyncGenerator<ProgressEvent, ArenaOutcome> {
  return arena(suite, strategies, {
    ...options,
    planOnly: false,
  }) as AsyncGenerator<ProgressEvent, ArenaOutcome>;
}

/**
 * What {@linkcode compareMixtures} would do with the same options, and what it takes,
 * as `planExperiment()` tells it of a run; the stages are those of all seeds together.
 * Nothing is written.
 *
 * @param suite The tasks.
 * @param strategies Strategies, or names that `strategy()` knows.
 * @param options Settings, as for the arena.
 * @returns Progress; at the end the plan.
 * @throws As the arena would.
 */
export function planArena(
  suite: Suite,
  strategies: readonly (Strategy | string)[],
  options: CompareMixturesOptions,
): AsyncGenerator<ProgressEvent, RunPlan> {
  return arena(suite, strategies, {
    ...options,
    planOnly: true,
  }) as AsyncGenerator<ProgressEvent, RunPlan>;
}

async function* arena(
  whole: Suite,
  strategies: readonly (Strategy | string)[],
  { planOnly, ...options }: CompareMixturesOptions & { planOnly: boolean },
): AsyncGenerator<ProgressEvent, ArenaOutcome | RunPlan> {
  const { backend, force, signal, budget, seeds, devQueries, settings } =
    checked(options);
  const entries = withUniform(strategies);
  checkSuite(whole);
  const { suite, sample, events } = withDevSample(whole, settings);
  const mined = settings.mined === undefined
    ? undefined
    : await openMinedFolder(settings.mined, whole);
  const pooled = await openPooledTest(settings.pool, whole);
  const settled = await settleLengths(settings);
  const { out: name, seed: _, ...shared } = settled.options;
  const { folder: out, identity, earlier } = await arenaFolder(name, {
    settings: { ...shared, budget, devQueries },
    ...await identityOf(whole, backend),
    mined: mined?.origin,
    pool: pooled?.origin,
  }, { open: settled.open, force });
  const { isNew, begin } = await openArenaFolder(out, { identity, force });
  await using held = new AsyncDisposableStack();
  if (!isNew && !planOnly) held.use(await lockFolder(out));

  await checkModel(settings);
  yield* events;
  const arms: ArenaArm[] = [];
  const untrained: Parameters<typeof arenaBaselines>[0][number][] = [];
  let sizes: number[] = [];
  for (const seed of seeds) {
    const own: SettledOptions = {
      ...settings,
      ...lengthsOf(identity),
      seed,
      out: join(out, `seed-${seed}`),
    };
    // A model is read before anything is written: its path may be wrong.
    const begun = !isNew || seed !== seeds[0];
    const base = await baseEncoder(own, suite, { keep: begun && !planOnly });
    let loaded: Encoder | undefined;
    // The uniform arm is the first, so its model is there.
    const reference = async () =>
      loaded ??= await loadEncoder(join(own.out, "models", "uniform"));
    try {
      if (seed === seeds[0]) {
        const count = seeds.length * entries.length;
        const plan = yield* planStage({
          base,
          suite,
          options: { ...own, out },
          backend,
          signal,
          stages: (sizes) =>
            arenaStages({ ...own, budget, seeds }, {
              strategies: entries,
              sizes,
            }),
          pooled,
          models: {
            kept: count,
            evaluated: count + (own.model ? 1 : seeds.length),
          },
          sample,
          starts: seeds.length,
          open: settled.open.names.includes("passageLength"),
          state: isNew ? "new" : "unfinished",
          planOnly,
        });
        if (planOnly) return plan;
        if (!earlier) identity.lengths = plan.lengths;
      }
      const { rows, statistics } = yield* inRow(
        "hard negatives",
        prefixed(
          `seed ${seed}`,
          mineStage(own, suite, {
            mined,
            lengths: earlier ? EARLIER_MINING : undefined,
            signal,
          }),
        ),
      );
      sizes = rows.map((r) => r.length);
      if (!begun) {
        held.use(await lockFolder(out));
        await begin();
        await keepTokenizer(own, base.tokenizer);
      }
      await makeFolder(own.out);
      await writeJson(join(own.out, "negatives.json"), statistics);
      const log = new MetricsLog(own.out);
      const input: StageInput = {
        options: own,
        suite,
        rows,
        base,
        log,
        pooled,
        dev: sample && devSet(sample, own, signal),
        signal,
        backend,
        fixedSettings: true,
      };
      for (const entry of entries) {
        const parts = { input, budget, devQueries, reference };
        arms.push(
          yield* inRow(entry.name, runArm({ ...parts, strategy: entry })),
        );
      }
      // One model is the same start for all seeds.
      if (!own.model || seed === seeds[0]) {
        untrained.push(
          yield* inRow("no training", seedBaselines(input)),
        );
      }
      await dropCheckpoints(own.out);
    } finally {
      disposeEncoder(base);
      if (loaded) disposeEncoder(loaded);
    }
  }
  const result: ArenaResult = {
    format: "tdro-arena/1",
    suite: suite.name,
    tasks: suite.tasks.map(({ name }, k) => ({ name, size: sizes[k]! })),
    steps: settings.steps,
    budget,
    seeds: [...seeds],
    backend: backend.name,
    strategies: arenaStatistics(entries, arms, {
      seed: seeds[0]!,
      sizes,
      draws: settings.steps * settings.batchSize,
    }),
    baselines: arenaBaselines(untrained),
    arms,
    versions: versions(),
  };
  await writeSealed(join(out, ARENA_RESULT), result);
  await writeArenaReport(out, result, identity);
  await dropReplaced(out);
  return selfShowing({ ...result, folder: out });
}

/** Options with their defaults, checked. */
function checked(
  { backend, force = false, signal, ...given }: CompareMixturesOptions,
) {
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

/** The lengths in the settings of an arena. */
function lengthsOf({ settings }: ArenaIdentity) {
  const { queryLength, passageLength } = settings as unknown as SettledOptions;
  return { queryLength, passageLength };
}

/** The strategies, the uniform one first. */
function withUniform(given: readonly (Strategy | string)[]): Strategy[] {
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
  return all;
}

function fail(reason: string): never {
  throw new RangeError(`Cannot compare mixtures: ${reason}`);
}
