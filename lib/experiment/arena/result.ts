// Must come first: it holds arquero's dependency at this version for people who
// import the package too. Their projects don't read our lock file, and 2.7.0
// needs a package that not every registry has.
import type { BaselineName } from "../arms.ts";
import type { DevLine } from "../dev/dev_log.ts";
import { type KeptStep, ruleOf } from "../dev/kept_step.ts";
import { withoutTraining } from "../summary.ts";
import "@uwdata/flechette";
import { type ColumnTable, table } from "arquero";
import type { EvalReport } from "../../eval/mod.ts";

/** Name of the result in an arena's folder. */
export const ARENA_RESULT = "arena.json";

/** One arm of an arena with one seed. */
export interface ArenaArm {
  /** Name of the strategy. */
  strategy: string;
  /** Seed for everything random. */
  seed: number;
  /** Sampling weights that it chose, shape `[K]`. */
  weights: number[];
  /** Proxy steps that choosing took. */
  proxySteps: number;
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
   * 95 % interval of `difference` over test queries: they are resampled within
   * each task, each with its mean over the seeds. `null` for the uniform arm.
   */
  interval: [number, number] | null;
  /**
   * Paired randomisation test of `difference` over queries, two-sided; tasks
   * count the same. `null` for the uniform arm.
   */
  p: number | null;
  /** `p`, adjusted by Holm for the number of strategies. */
  pHolm: number | null;
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
 * `low` to `high`, `p` and `pHolm`, spread over seeds (`seedMin`, `seedMax`,
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

/** Largest adjusted p-value that counts as beyond chance. */
const ALPHA = 0.05;

/**
 * An arena's verdict in sentences: which differences from uniform sampling are
 * beyond chance, which aren't, and what that rests on.
 *
 * @param result An arena's result.
 * @returns Sentences, one for each strategy but uniform, then the limits.
 *
 * @example Usage
 * ```ts
 * import { type ArenaResult, type ArenaStrategy, arenaVerdict } from "@tdro/tdro/experiment";
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
 * assert.match(arenaVerdict(arena)[0]!, /^tdro: better than uniform, beyond chance \(\+0\.1000/);
 * ```
 */
export function arenaVerdict(result: ArenaResult): string[] {
  const signed = (x: number) => `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(4)}`;
  const sentences = [...result.strategies].sort((a, b) => b.mean - a.mean)
    .flatMap((s) => {
      if (!s.interval || s.pHolm === null) return [];
      const beyond = s.pHolm <= ALPHA;
      const judged = beyond
        ? s.difference > 0
          ? "better than uniform, beyond chance"
          : "worse than uniform, beyond chance"
        : s.interval[0] > 0 || s.interval[1] < 0
        ? "no different from uniform, as far as these queries tell: its own " +
          "interval excludes 0, but the test of all strategies doesn't"
        : "no different from uniform, as far as these queries tell: within " +
          "chance";
      const cost = s.proxySteps > 0
        ? `; choosing took ${Math.round(s.proxySteps)} proxy steps${
          s.referenceSteps > 0
            ? ` beside a reference trained for ${s.referenceSteps}`
            : ""
        }`
        : "; choosing was free";
      return [
        `${s.name}: ${judged} (${signed(s.difference)} mean nDCG@10, ` +
        `95 % interval ${signed(s.interval[0])} to ${signed(s.interval[1])}, ` +
        `p ${s.pHolm.toFixed(3)} after Holm)${cost}.`,
      ];
    });
  const { seeds, steps } = result;
  const many = seeds.length > 1;
  return [
    ...sentences,
    ...beforeTraining(result),
    ...result.strategies.flatMap(({ name, warnings }) =>
      warnings.map((warning) => `${name}: ${warning}`)
    ),
    ...keptSteps(result),
    `Every arm: ${steps} updates, same start, rows and selection rule (${
      ruleOf(result.arms.flatMap(({ kept }) => kept ?? []))
    }), ${
      many
        ? `${seeds.length} seeds (${seeds.join(", ")})`
        : `one seed (${seeds[0]})`
    }. Intervals and p-values are over test queries${
      many ? ", each with its mean over the seeds" : ""
    }: they say what other queries would show, not other seeds${
      many ? "; the table has the spread over seeds" : ""
    }.`,
  ];
}

/** After how many updates the model of each arm was kept, where that was a choice. */
function keptSteps({ strategies, arms, steps }: ArenaResult): string[] {
  const told = strategies.flatMap(({ name }) => {
    const kept = arms.filter((arm) => arm.strategy === name)
      .flatMap((arm) => arm.kept ?? []);
    const updates = kept.map(({ step }) => step);
    return updates.some((step) => step < steps)
      ? [`${name} ${updates.join(", ")}`]
      : [];
  });
  return told.length === 0 ? [] : [
    `Kept after fewer than ${steps} updates (with each seed): ${
      told.join("; ")
    }.`,
  ];
}

/** What training came to at all. */
function beforeTraining({ baselines, strategies }: ArenaResult): string[] {
  if (!baselines) return [];
  const { start, bm25 } = baselines;
  const worse = strategies.filter(({ mean }) => mean < start.mean);
  const names = worse.map(({ name }) => name).join(", ");
  return [
    withoutTraining(
      { start: start.mean, bm25: bm25.mean },
      "the models that the arms started from",
    ),
    ...worse.length > 0
      ? [`Training did harm: below the start are ${names}.`]
      : [],
  ];
}
