// Must come first: it holds arquero's dependency at this version for people who
// import the package too. Their projects don't read our lock file, and 2.7.0
// needs a package that not every registry has.
import type { BaselineName } from "../arms.ts";
import type { DevLine } from "../dev/dev_log.ts";
import type { KeptStep } from "../dev/kept_step.ts";
import "@uwdata/flechette";
import { type ColumnTable, table } from "arquero";
import type { ChanceBand } from "../../dro/mod.ts";
import type { EvalReport } from "../../eval/mod.ts";

/** Name of the result in an arena's folder. */
export const ARENA_RESULT = "arena.json";

/**
 * How much lower a mean nDCG@10 may be without counting as inferior: what one gives
 * up gladly for training on fewer tasks.
 */
export const MARGIN = 0.005;

/** One arm of an arena with one seed. */
export interface ArenaArm {
  /** Name of the strategy. */
  strategy: string;
  /** Seed for everything random. */
  seed: number;
  /** Sampling weights that it chose, shape `[K]`. */
  weights: number[];
  /**
   * Weights that chance alone gives each task, from `chanceBands()`, shape `[K]`; of
   * strategies that learn from losses, and end with what they learned.
   */
  chance?: ChanceBand[] | undefined;
  /** Proxy steps that choosing took. */
  proxySteps: number;
  /**
   * Strategy whose weights of this seed its own follow from, if they were there already;
   * `proxySteps`, `referenceSteps` and `seconds.learn` are then the other's.
   */
  weightsOf?: string | undefined;
  /**
   * Updates of the uniform retriever that it compared with, 0 if none. The
   * arena trains that one anyway; elsewhere they come on top.
   */
  referenceSteps: number;
  /** Share of the training rows that lie in tasks with a weight. */
  dataUsed: number;
  /** Share of the training rows that were drawn at least once. */
  rowsSeen: number;
  /** Which model was kept, and why; absent without `evalEvery`. */
  kept?: KeptStep | undefined;
  /** Its evaluations while it was trained; absent without `evalEvery`. */
  course?: DevLine[] | undefined;
  /** Wall time in seconds, all tries together. */
  seconds: { learn: number; train: number; evaluate: number };
  /** What the retriever scored on the test splits. */
  report: EvalReport;
}

/** A strategy's outcome over all seeds. */
export interface ArenaStrategy {
  /** Short name. */
  name: string;
  /** Where it is published. */
  source: string;
  /** The rule or the step. */
  formula: string;
  /** When it is not to be trusted. */
  failsWhen: string;
  /** Mean nDCG@10 over tasks and seeds, in [0, 1]. */
  mean: number;
  /** nDCG@10 of each task, mean over seeds, shape `[K]`. */
  tasks: number[];
  /** The task that it does worst on. */
  worst: { task: string; ndcg: number };
  /** `tasks` minus those of the uniform arm, shape `[K]`. */
  deltas: number[];
  /** `mean` minus that of the uniform arm. */
  difference: number;
  /**
   * 95 % interval of `difference` over seeds and test queries, by
   * `seedsAndQueries()`; with one seed over test queries alone. `null` for the
   * uniform arm.
   */
  interval: [number, number] | null;
  /**
   * Two-sided p-value of `difference`, over the same. `null` for the uniform arm.
   */
  p: number | null;
  /** `p`, adjusted by Holm for the number of strategies. */
  pHolm: number | null;
  /**
   * p-value of the paired t-test over the seeds alone; `null` for the uniform arm and
   * for one seed.
   */
  pSeeds?: number | null | undefined;
  /**
   * p-value for being worse than uniform by {@linkcode MARGIN} or more: small if the
   * strategy is not inferior. `null` for the uniform arm.
   */
  pInferior?: number | null | undefined;
  /**
   * Difference of each seed's mean to the uniform arm of that seed. Absent from
   * arenas of versions whose intervals and p-values were over test queries alone.
   */
  seedDifferences?: number[] | undefined;
  /** Mean nDCG@10 of each seed, in the order of the seeds. */
  seedMeans: number[];
  /** Standard deviation of `seedMeans`; `null` for one seed. */
  seedDeviation: number | null;
  /** Mean weights over the seeds, shape `[K]`. */
  weights: number[];
  /** Guard rails that the weights crossed, each one line with its number. */
  warnings: string[];
  /** Means over the seeds of the arms' figures. */
  dataUsed: number;
  /** Share of the rows drawn at least once. */
  rowsSeen: number;
  /** Proxy steps of one seed. */
  proxySteps: number;
  /** Reference steps of one seed. */
  referenceSteps: number;
  /** Seconds of one seed: choosing, training, evaluating. */
  seconds: number;
}

/** What was measured without training: nDCG@10, means over the seeds. */
export type ArenaBaselines = Record<
  BaselineName,
  {
    /** Mean over the tasks. */
    mean: number;
    /** Each task's. */
    tasks: number[];
  }
>;

/** The content of `arena.json`. */
export interface ArenaResult {
  /** Form of this record. */
  format: "tdro-arena/1";
  /** Name of the suite. */
  suite: string;
  /** The tasks, with their training rows. */
  tasks: { name: string; size: number }[];
  /** Updates of every arm's retriever. */
  steps: number;
  /** Proxy steps that a strategy might spend. */
  budget: number;
  /** Seeds of the arms. */
  seeds: number[];
  /** The tfjs backend. */
  backend: string;
  /** Outcome of each strategy; the uniform one is first. */
  strategies: ArenaStrategy[];
  /** BM25, and the models that the arms started from; absent from old arenas. */
  baselines?: ArenaBaselines | undefined;
  /** Each arm with each seed. */
  arms: ArenaArm[];
  /** Versions of what computed it. */
  versions: Record<string, string>;
}

/**
 * An arena as a table, best mean first: a row a strategy, and one for BM25 and for
 * the start (without training). Columns: `strategy`,
 * `nDCG@10`, `worst` and `worstTask`, `difference` to uniform with its interval
 * `low` to `high`, `p`, `pHolm`, `pSeeds` and `pInferior`, spread over seeds (`seedMin`, `seedMax`,
 * `seedDeviation`), `dataUsed`, `proxySteps`, `referenceSteps`, `seconds`, and
 * `Δ task` for each task.
 *
 * @param result An arena's result.
 * @returns An Arquero table.
 *
 * @example Usage
 * ```ts
 * import { type ArenaResult, type ArenaStrategy, arenaTable } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const uniform = {
 *   name: "uniform", source: "", formula: "1 / K", failsWhen: "", warnings: [],
 *   mean: 0.3, tasks: [0.2, 0.4], worst: { task: "faq", ndcg: 0.2 }, deltas: [0, 0], difference: 0,
 *   interval: null, p: null, pHolm: null, seedMeans: [0.3], seedDeviation: null, weights: [0.5, 0.5],
 *   dataUsed: 1, rowsSeen: 1, proxySteps: 0, referenceSteps: 0, seconds: 9,
 * };
 * const tdro: ArenaStrategy = {
 *   ...uniform, name: "tdro", mean: 0.4, tasks: [0.4, 0.4], deltas: [0.2, 0], difference: 0.1,
 *   interval: [0.05, 0.15], p: 0.01, pHolm: 0.01, weights: [0.8, 0.2], proxySteps: 50,
 * };
 * const arena: ArenaResult = { // what compareMixtures() writes to arena.json
 *   format: "tdro-arena/1", suite: "mine", tasks: [{ name: "faq", size: 90 }, { name: "code", size: 90 }],
 *   steps: 50, budget: 50, seeds: [1], backend: "wasm", strategies: [uniform, tdro], arms: [], versions: {},
 * };
 * assert.deepEqual(arenaTable(arena).array("strategy"), ["tdro", "uniform"]);
 * ```
 */
export function arenaTable(result: ArenaResult): ColumnTable {
  const rows = [...result.strategies.map(strategyRow), ...baselineRows(result)]
    .sort((a, b) => b.mean - a.mean);
  const column = <T>(value: (row: ArenaRow) => T | undefined) =>
    rows.map((row) => value(row) ?? null);
  return table({
    strategy: column((s) => s.name),
    "nDCG@10": column((s) => s.mean),
    worst: column((s) => s.worst.ndcg),
    worstTask: column((s) => s.worst.task),
    difference: column((s) => s.difference),
    low: column((s) => s.interval?.[0]),
    high: column((s) => s.interval?.[1]),
    p: column((s) => s.p),
    pHolm: column((s) => s.pHolm),
    pSeeds: column((s) => s.pSeeds),
    pInferior: column((s) => s.pInferior),
    seedMin: column((s) => s.seedMeans && Math.min(...s.seedMeans)),
    seedMax: column((s) => s.seedMeans && Math.max(...s.seedMeans)),
    seedDeviation: column((s) => s.seedDeviation),
    dataUsed: column((s) => s.dataUsed),
    proxySteps: column((s) => s.proxySteps),
    referenceSteps: column((s) => s.referenceSteps),
    seconds: column((s) => s.seconds),
    ...Object.fromEntries(
      result.tasks.map(({ name }, k) => [
        `Δ ${name}`,
        column((s) => s.deltas?.[k]),
      ]),
    ),
  });
}

/** A row of the table; what a baseline hasn't, the uniform strategy neither. */
type ArenaRow =
  & Pick<ArenaStrategy, "name" | "mean" | "worst">
  & Partial<Omit<ArenaStrategy, "difference" | "deltas">>
  & { difference?: number; deltas?: readonly number[] };

function strategyRow(strategy: ArenaStrategy): ArenaRow {
  const { difference, deltas, ...row } = strategy;
  return strategy.interval ? { ...row, difference, deltas } : row;
}

function baselineRows(
  { baselines, strategies, tasks: names }: ArenaResult,
): ArenaRow[] {
  const uniform = strategies[0]!;
  return Object.entries(baselines ?? {}).map(([name, { mean, tasks }]) => {
    const ndcg = Math.min(...tasks);
    return {
      name,
      mean,
      worst: { task: names[tasks.indexOf(ndcg)]!.name, ndcg },
      difference: mean - uniform.mean,
      deltas: tasks.map((value, k) => value - uniform.tasks[k]!),
    };
  });
}
