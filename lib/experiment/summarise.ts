import type { Suite, TrainExample } from "../data/mod.ts";
import { weightWarnings } from "../dro/mod.ts";
import { type ArmName, ARMS, type BaselineName, BASELINES } from "./arms.ts";
import { weightUpdate } from "./weight_options.ts";
import { changeSentences } from "./changed_settings.ts";
import { type BareCounts, bareSentence } from "./stages/bare_queries.ts";
import { chanceOfRun, weightHistory } from "./explain/explain_run.ts";
import { compareArms } from "./compare_arms.ts";
import type { KeptStep } from "./dev/kept_step.ts";
import type { MetricsLine } from "./stages/metrics_log.ts";
import type { RunRecord } from "./run_folder.ts";
import { byArm, type ExperimentSummary, meanByArm, METRIC } from "./summary.ts";
import type { Reports } from "./stages/evaluate_arm.ts";
import type { TrainedArm } from "./stages/train_arm.ts";
import type { LearnedWeights } from "./stages/learn_mixture.ts";
import { mean } from "../base/mean.ts";
import { own } from "../base/own.ts";

/** Everything that a summary draws on. */
export interface SummaryInput {
  /** The run. */
  record: RunRecord;
  /** The tasks. */
  suite: Suite;
  /** Training rows of each task. */
  rows: readonly (readonly TrainExample[])[];
  /** Weights of stage 1. */
  learned: LearnedWeights;
  /** Sampling weights of each arm. */
  mixtures: Record<ArmName, readonly number[]>;
  /** The trained arms. */
  arms: Record<ArmName, TrainedArm>;
  /** What they scored. */
  reports: Reports;
  /** The log. */
  metrics: readonly MetricsLine[];
  /** What became of queries without a hard negative, by task name. */
  statistics: Readonly<Record<string, BareCounts>>;
}

/** Puts a run's outcome into one record. */
export function summarise(input: SummaryInput): ExperimentSummary {
  const { record, suite, rows, learned, mixtures, arms, reports, metrics } =
    input;
  const sizes = rows.map((r) => r.length);
  const total = sizes.reduce((a, b) => a + b, 0);
  const share = (rowsOf: (k: number) => number) =>
    sizes.reduce((sum, _, k) => sum + rowsOf(k), 0) / total;
  const { options } = record;
  const chance = chanceOfRun(metrics, options);
  // Without the fields that were not set: what is read back has none either.
  const { measure, eta: _, ...floor } = weightUpdate(options);
  return {
    suite: suite.name,
    tasks: suite.tasks.map((task, k) => ({
      name: task.name,
      size: sizes[k]!,
      weight: learned.chosen.curr[k]!,
      otherWeight: learned.other.curr[k]!,
      chance: chance?.[k],
      ndcg: byArm((arm) => reports[arm].tasks[k]!.mean[METRIC]!),
      baselines: byBaseline((name) => reports[name].tasks[k]!.mean[METRIC]!),
    })),
    mean: meanByArm(reports),
    baselines: byBaseline((name) => reports[name].mean[METRIC]!),
    dataUsed: byArm((arm) =>
      share((k) => mixtures[arm][k]! > 0 ? sizes[k]! : 0)
    ),
    rowsSeen: byArm((arm) =>
      share((k) => Math.min(arms[arm].drawn[k]!, sizes[k]!))
    ),
    ...keptByArm(arms),
    compared: {
      reweighted: compareArms(
        reports.reweighted,
        reports.uniform,
        options.seed,
      ),
      top: compareArms(reports.top, reports.uniform, options.seed),
    },
    seconds: Object.fromEntries(
      Object.entries(record.seconds).map((
        [stage, s],
      ) => [stage, Math.round(s * 100) / 100]),
    ),
    backend: record.backend.name,
    seed: options.seed,
    measure,
    weightSeeds: options.weightSeeds,
    ...floor,
    topPercent: options.topPercent,
    warnings: [
      ...changeSentences(record.changes ?? []),
      ...[bareSentence(input.statistics) ?? []].flat(),
      ...weightWarnings({
        weights: mixtures.reweighted,
        names: suite.tasks.map((t) => t.name),
        history: weightHistory(metrics),
        referenceMeans: meansByTask(suite, metrics, "referenceLossByTask"),
        lossMeans: meansByTask(suite, metrics, "lossByTask"),
        chance,
        sizes,
        examples: options.steps * options.batchSize,
      }).map((w) => w.message),
    ],
    versions: record.versions,
  };
}

/** Which model of each arm was kept, if they were evaluated on the way. */
function keptByArm(
  arms: SummaryInput["arms"],
): Pick<ExperimentSummary, "kept"> {
  const kept = ARMS.flatMap((arm) => {
    const { dev } = arms[arm];
    return dev ? [[arm, dev] as const] : [];
  });
  if (kept.length < ARMS.length) return {};
  return { kept: Object.fromEntries(kept) as Record<ArmName, KeptStep> };
}

function byBaseline(
  value: (name: BaselineName) => number,
): Record<BaselineName, number> {
  return Object.fromEntries(
    BASELINES.map((name) => [name, value(name)]),
  ) as Record<BaselineName, number>;
}

/** Mean of a loss of each task over stage 1; NaN for one never drawn. */
function meansByTask(
  suite: Suite,
  metrics: readonly MetricsLine[],
  loss: "lossByTask" | "referenceLossByTask",
): number[] {
  const stage1 = metrics.filter((l) => l.referenceLossByTask);
  return suite.tasks.map(({ name }) =>
    mean(stage1.flatMap((l) => own(l[loss], name) ?? []))
  );
}

/** The rows of the table that ends a run. */
export function resultRows(
  summary: ExperimentSummary,
): (
  & { task: string; size: number; weight: number }
  & Partial<Record<BaselineName, number>>
  & Record<ArmName, number>
)[] {
  return summary.tasks.map(({ name, size, weight, ndcg, baselines }) => ({
    task: name,
    size,
    weight,
    ...baselines,
    ...Object.fromEntries(ARMS.map((arm) => [arm, ndcg[arm]])) as Record<
      ArmName,
      number
    >,
  }));
}
