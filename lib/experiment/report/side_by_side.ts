import {
  gainPlot,
  heatmapPlot,
  intervalPlot,
  type ReportContent,
  type ReportPlot,
  weightTrajectoryPlot,
} from "../../report/mod.ts";
import { arenaWarnings } from "../arena/content.ts";
import { type ComparedArm, comparedArms } from "./compared_arms.ts";
import { fromBase, weightSteps } from "./experiment_plots.ts";
import type { Reportable, RunData } from "./reportable.ts";
import { REPORT_TERMS } from "./report_terms.ts";
import { oneSetting, settingsTable } from "./settings_table.ts";

/** What the report of several runs and arenas says. */
export function sideBySide(all: readonly Reportable[]): ReportContent {
  const arms = all.flatMap(comparedArms);
  const suites = [...new Set(all.map(suiteOf))];
  return {
    title: `${all.length} runs side by side: ${
      all.map(({ name }) => name).join(", ")
    }`,
    summary: sentences(all, arms),
    warnings: [
      ...differentSuites(all, suites),
      ...all.flatMap((one) =>
        (one.kind === "run" ? one.summary.warnings : arenaWarnings(one.result))
          .map((warning) => `${one.name}: ${warning}`)
      ),
    ],
    tables: [
      {
        caption: "All arms, best gain first",
        table: arms.toSorted((a, b) =>
          (b.difference ?? -Infinity) - (a.difference ?? -Infinity)
        ).map((arm) => ({
          "run and arm": arm.name,
          suite: suiteOf(all.find(({ name }) => name === arm.run)!),
          "nDCG@10": arm.mean,
          difference: arm.difference,
          low: arm.interval?.[0] ?? null,
          high: arm.interval?.[1] ?? null,
          dataUsed: arm.dataUsed,
        })),
        footRows: 0,
      },
      {
        caption: "Settings that differ",
        table: settingsTable(all).filter((row) => !oneSetting(row)),
        footRows: 0,
      },
    ],
    plots: plots(all, arms),
    appendix: [{
      caption: "All settings and versions",
      table: settingsTable(all),
      footRows: 0,
    }],
    terms: REPORT_TERMS,
    provenance: Object.fromEntries(
      all.map((one) => [
        one.name,
        one.kind === "run"
          ? one.record ?? { seed: one.summary.seed }
          : { ...one.identity, seeds: one.result.seeds },
      ]),
    ),
  };
}

function suiteOf(one: Reportable): string {
  return one.kind === "run" ? one.summary.suite : one.result.suite;
}

/** Hash of the data, where it's known. */
function dataHash(one: Reportable): string | undefined {
  const { suite } = (one.kind === "run" ? one.record : one.identity) ?? {};
  return suite?.sha256;
}

function sentences(
  all: readonly Reportable[],
  arms: readonly ComparedArm[],
): string[] {
  const plus = (x: number) => `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(4)}`;
  const told = (arm: ComparedArm) =>
    arm.interval![0] > 0
      ? "its interval above 0"
      : arm.interval![1] < 0
      ? "its interval below 0"
      : "its interval around 0";
  const best = all.flatMap(({ name }) => {
    const own = arms.filter((arm) => arm.run === name && arm.interval)
      .sort((a, b) => b.difference! - a.difference!)[0];
    return own ? [own] : [];
  }).sort((a, b) => b.difference! - a.difference!);
  if (best.length === 0) return ["None of the runs compares anything."];
  const top = best[0]!;
  return [
    `The largest gain over uniform sampling is that of ${top.arm} in ${top.run}: ${
      plus(top.difference!)
    } mean nDCG@10 (95 % interval ${plus(top.interval![0])} to ${
      plus(top.interval![1])
    }), ${told(top)}.`,
    ...best.slice(1).map((arm) =>
      `${arm.run}: its best is ${arm.arm}, ${plus(arm.difference!)} (${
        plus(arm.interval![0])
      } to ${plus(arm.interval![1])}), ${told(arm)}.`
    ),
    "Each difference is to the uniform arm of the same run. Intervals of " +
    "runs are over test queries, those of arenas over seeds, too. Which of " +
    "several runs does best by chance is not tested here: picking the best " +
    "of several runs overstates it.",
  ];
}

/** Said where scores don't stand on the same data. */
function differentSuites(
  all: readonly Reportable[],
  suites: readonly string[],
): string[] {
  const hashes = new Set(all.map(dataHash));
  if (suites.length > 1) {
    return [
      `The runs are of different suites (${
        suites.join(", ")
      }): their scores can't be compared, only their differences.`,
    ];
  }
  return hashes.size > 1
    ? [
      "The suite's content differs between the runs (its hash does): their " +
      "scores can't be compared, only their differences.",
    ]
    : [];
}

function plots(
  all: readonly Reportable[],
  arms: readonly ComparedArm[],
): ReportPlot[] {
  const compared = arms.filter((arm) => arm.interval !== null);
  const cells = (field: "deltas" | "weights") =>
    // A line a task, whatever the order of the runs.
    [...new Set(compared.flatMap((arm) => [...arm[field].keys()]))].flatMap(
      (task) =>
        compared.map((arm) => ({
          task,
          arm: arm.name,
          value: arm[field].get(task) ?? null,
        })),
    );
  const weights = cells("weights").filter(({ value }) => value !== null);
  const bands = seedBands(all);
  const plots: ReportPlot[] = [];
  if (compared.length > 0) {
    plots.push({
      title: "Gain of each arm",
      spec: intervalPlot(compared.map((arm) => ({
        name: arm.name,
        difference: arm.difference!,
        low: arm.interval![0],
        high: arm.interval![1],
      }))),
      description:
        "Difference of the mean nDCG@10 to the same run's uniform arm, with its 95 % interval over the test queries.",
    }, {
      title: "Gain by task",
      spec: heatmapPlot(cells("deltas"), { signed: true }),
      description: "Difference in nDCG@10 to the same run's uniform arm.",
    });
  }
  plots.push({
    title: "Quality against data",
    spec: gainPlot(arms.map((arm) => ({
      arm: arm.name,
      dataUsed: Math.min(1, arm.dataUsed),
      ndcg: arm.mean,
      ...aroundMean(arm),
    }))),
    description:
      "Mean nDCG@10 against the share of the training rows; intervals are those of the difference to uniform.",
  });
  if (weights.length > 0) {
    plots.push({
      title: "Learned weights",
      spec: heatmapPlot(weights, {
        metric: "weight (no unit; each column sums to 1)",
        signed: false,
        mean: false,
        leastSpan: 1 / new Set(weights.map(({ task }) => task)).size,
      }),
      description: "Domain weights at the end of learning.",
    });
  }
  if (bands) plots.push(bands);
  return plots;
}

/** The interval of an arm's difference, about its mean. */
function aroundMean(
  { mean, difference, interval }: ComparedArm,
): { low?: number; high?: number } {
  if (interval === null || difference === null) return {};
  const [low, high] = interval;
  return fromBase(mean - difference, [low, high]);
}

/** The course of the weights over seeds, where runs differ by the seed alone. */
function seedBands(all: readonly Reportable[]): ReportPlot | undefined {
  const runs = all.filter((one): one is RunData => one.kind === "run");
  const same = new Set(runs.map(({ record, summary }) => {
    const { seed: _, out: __, ...rest } = record?.options ??
      { seed: 0, out: "" };
    return JSON.stringify([
      rest,
      record?.suite.sha256,
      summary.tasks.map((t) => t.name),
    ]);
  }));
  const seeds = new Set(runs.map(({ summary }) => summary.seed));
  if (runs.length < 2 || same.size > 1 || seeds.size < runs.length) return;
  return {
    title: "Course of the weights over the seeds",
    spec: weightTrajectoryPlot(
      runs.flatMap(({ summary, metrics }) =>
        weightSteps(summary, metrics).map((row) => ({
          ...row,
          seed: summary.seed,
        }))
      ),
    ),
    description: `Runs that differ by their seed alone (${
      [...seeds].join(", ")
    }).`,
  };
}
