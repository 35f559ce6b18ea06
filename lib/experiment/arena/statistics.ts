import { mean } from "../../base/mean.ts";
import { type Strategy, weightWarnings } from "../../dro/mod.ts";
import {
  type EvalReport,
  holm,
  type SeedsAndQueries,
  seedsAndQueries,
} from "../../eval/mod.ts";
import { createRng } from "../../sampling/mod.ts";
import { type ArenaArm, type ArenaStrategy, MARGIN } from "./result.ts";
import { METRIC } from "../summary.ts";

/** What {@linkcode arenaStatistics} needs beside the arms. */
export interface ArenaStatisticsSettings {
  /** Seed of resampling. */
  seed: number;
  /** Training rows of each task, shape `[K]`. */
  sizes: readonly number[];
  /** Rows that each arm draws in training. */
  draws: number;
}

/**
 * Sums up the arms: each strategy over its seeds, and against the uniform one,
 * which is the first. Arms of one seed are paired: they share start, rows and draws.
 *
 * @param strategies The strategies, uniform first.
 * @param arms Every strategy with every seed.
 * @param settings Seed of resampling; training rows of each task and rows that an
 * arm draws, for the guard rails.
 */
export function arenaStatistics(
  strategies: readonly Strategy[],
  arms: readonly ArenaArm[],
  { seed, sizes, draws }: ArenaStatisticsSettings,
): ArenaStrategy[] {
  const own = strategies.map(({ name }) =>
    arms.filter((arm) => arm.strategy === name)
  );
  const pooled = own.map((seeds) => averaged(seeds.map((arm) => arm.report)));
  const uniform = pooled[0]!;
  const tests = own.slice(1).map((seeds) => test(seeds, own[0]!, seed));
  const adjusted = holm(tests.map(({ p }) => p));
  return strategies.map((strategy, i) => {
    const seeds = own[i]!;
    const report = pooled[i]!;
    const tasks = report.tasks.map((task) => task.mean[METRIC]!);
    const worst = tasks.indexOf(Math.min(...tasks));
    const seedMeans = seeds.map((arm) => arm.report.mean[METRIC]!);
    const compared = tests[i - 1];
    const over = (value: (arm: ArenaArm) => number) => mean(seeds.map(value));
    const { name, source, formula, failsWhen } = strategy;
    const weights = seeds[0]!.weights.map((_, k) => over((a) => a.weights[k]!));
    return {
      name,
      source,
      formula,
      failsWhen,
      mean: report.mean[METRIC]!,
      tasks,
      worst: { task: report.tasks[worst]!.task, ndcg: tasks[worst]! },
      deltas: tasks.map((v, k) => v - uniform.tasks[k]!.mean[METRIC]!),
      difference: compared?.difference ?? 0,
      interval: compared?.interval ?? null,
      p: compared?.p ?? null,
      pHolm: adjusted[i - 1] ?? null,
      // Without any spread there is no t-test.
      pSeeds: compared && compared.pSeeds >= 0 ? compared.pSeeds : null,
      pInferior: compared?.inferior(MARGIN) ?? null,
      seedDifferences: compared?.bySeed,
      seedMeans,
      seedDeviation: deviation(seedMeans),
      weights,
      warnings: weightWarnings({
        weights,
        names: report.tasks.map((task) => task.task),
        sizes,
        examples: draws,
        seeds: seeds.map((arm) => arm.weights),
        seedChance: seeds.every((arm) => arm.chance)
          ? seeds.map((arm) => arm.chance!)
          : [],
      }).map((warning) => warning.message),
      dataUsed: over((a) => a.dataUsed),
      rowsSeen: over((a) => a.rowsSeen),
      proxySteps: over((a) => a.proxySteps),
      referenceSteps: over((a) => a.referenceSteps),
      seconds: over(({ seconds: s }) => s.learn + s.train + s.evaluate),
    };
  });
}

/** A report whose value for each query is the mean over the given ones. */
function averaged(reports: readonly EvalReport[]): EvalReport {
  const first = reports[0]!;
  const tasks = first.tasks.map((task, k) => {
    const perQuery = task.perQuery[METRIC]!.map((_, q) =>
      mean(reports.map((r) => r.tasks[k]!.perQuery[METRIC]![q]!))
    );
    return {
      ...task,
      perQuery: { [METRIC]: perQuery },
      mean: { [METRIC]: mean(perQuery) },
    };
  });
  return {
    ...first,
    tasks,
    mean: { [METRIC]: mean(tasks.map((task) => task.mean[METRIC]!)) },
  };
}

/** Compares arms with the baseline's of the same seeds, query by query. */
function test(
  arms: readonly ArenaArm[],
  baseline: readonly ArenaArm[],
  seed: number,
): SeedsAndQueries {
  const differences = arms.map(({ seed, report }) => {
    const before = baseline.find((arm) => arm.seed === seed)!.report;
    return report.tasks.map((task, k) =>
      task.perQuery[METRIC]!.map((value, q) =>
        value - before.tasks[k]!.perQuery[METRIC]![q]!
      )
    );
  });
  return seedsAndQueries(differences, {
    rng: createRng(seed, "arena/seeds-and-queries"),
  });
}

/** Standard deviation of a sample; null for one value. */
function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const middle = mean(values);
  const squares = values.reduce((sum, v) => sum + (v - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
