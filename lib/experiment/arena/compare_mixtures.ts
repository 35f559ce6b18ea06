import { join } from "node:path";
import { lockFolder } from "../../base/files/folder_lock.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { inRow } from "../../base/progress_rows.ts";
import type { Suite } from "../../data/mod.ts";
import type { Strategy } from "../../dro/mod.ts";
import { disposeEncoder, type Encoder, loadEncoder } from "../../model/mod.ts";
import { selfShowing } from "../../report/notebook/mod.ts";
import { devSet } from "../dev/dev_set.ts";
import type { RunPlan } from "../plan/run_plan.ts";
import { baseEncoder, keepTokenizer } from "../stages/base_encoder.ts";
import { checkModel } from "../stages/check_model.ts";
import { dropCheckpoints } from "../stages/checkpoints.ts";
import { runArm } from "./arm.ts";
import { arenaPlan } from "./arena_plan.ts";
import { type SeedBaselines, seedBaselines } from "./baselines.ts";
import { othersFirst } from "./derived_choice.ts";
import { finishArena } from "./finish.ts";
import { arenaFolder, openArenaFolder, seedFolder } from "./folder.ts";
import type { CompareMixturesOptions } from "./options.ts";
import { prepareArena } from "./prepare.ts";
import type { ArenaArm, ArenaResult } from "./result.ts";
import { beginSeed, seedRows, seedSettings } from "./seed.ts";

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
  const prepared = await prepareArena(whole, strategies, options);
  const { suite, sample, events, entries, settings, open } = prepared;
  const { backend, force, signal, budget, seeds, devQueries } = prepared;
  const { folder: out, identity, earlier } = await arenaFolder(
    settings.out,
    prepared.identity,
    { open, force },
  );
  const { isNew, begin } = await openArenaFolder(out, { identity, force });
  await using held = new AsyncDisposableStack();
  if (!isNew && !planOnly) held.use(await lockFolder(out));

  await checkModel(settings);
  yield* events;
  const arms: ArenaArm[] = [];
  const untrained: SeedBaselines[] = [];
  let sizes: number[] = [];
  for (const seed of seeds) {
    const own = seedSettings(settings, identity, {
      seed,
      out: join(out, seedFolder(seed)),
    });
    // A model is read before anything is written: its path may be wrong.
    const begun = !isNew || seed !== seeds[0];
    const base = await baseEncoder(own, suite, { keep: begun && !planOnly });
    let loaded: Encoder | undefined;
    // The uniform arm is the first, so its model is there.
    const reference = async () =>
      loaded ??= await loadEncoder(join(own.out, "models", "uniform"));
    try {
      if (seed === seeds[0]) {
        const plan = yield* arenaPlan(prepared, {
          base,
          own: { ...own, out },
          state: isNew ? "new" : "unfinished",
          planOnly,
        });
        if (planOnly) return plan;
        if (!earlier) identity.lengths = plan.lengths;
      }
      const mined = yield* seedRows(own, { ...prepared, earlier });
      sizes = mined.rows.map((r) => r.length);
      if (!begun) {
        held.use(await lockFolder(out));
        await begin();
        await keepTokenizer(own, base.tokenizer);
      }
      const input = await beginSeed(own, {
        ...mined,
        suite,
        base,
        pooled: prepared.pooled,
        dev: sample && devSet(sample, own, signal),
        signal,
        backend,
      });
      const done = new Map<string, ArenaArm>();
      const finished = ({ name, formula }: Strategy) =>
        Promise.resolve(
          entries.some((e) => e.name === name && e.formula === formula)
            ? done.get(name)
            : undefined,
        );
      for (const entry of othersFirst(entries)) {
        const parts = { input, budget, devQueries, reference, finished };
        done.set(
          entry.name,
          yield* inRow(entry.name, runArm({ ...parts, strategy: entry })),
        );
      }
      arms.push(...entries.map(({ name }) => done.get(name)!));
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
  const result = await finishArena(out, {
    identity,
    strategies: entries,
    seeds,
    sizes,
    arms,
    untrained,
  });
  return selfShowing({ ...result, folder: out });
}
