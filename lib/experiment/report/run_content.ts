import {
  type ReportContent,
  type ReportPlot,
  type ReportTable,
  type ReportTexts,
  resultsTable,
} from "../../report/mod.ts";
import { capitalised } from "../../base/capitalised.ts";
import type { RunData } from "./reportable.ts";
import { type WeightExplanation, whatWeightsFollow } from "../../dro/mod.ts";
import { explainMetrics, explanationTable } from "../explain/explain_run.ts";
import { armLabel, type ArmName } from "../arms.ts";
import { devPeaks } from "../dev/dev_peaks.ts";
import { type ExperimentPlots, experimentPlots } from "./experiment_plots.ts";
import { lengthRows } from "./length_rows.ts";
import { REPORT_TERMS } from "./report_terms.ts";
import type { TextLengths } from "../stages/cut_texts.ts";
import { resultRows } from "../summarise.ts";
import { outcome } from "../summary.ts";

/** What the report of one run says. */
export function runContent(run: Omit<RunData, "kind">): ReportContent {
  const { record, summary, metrics, dev, reports, statistics = {}, tasks } =
    run;
  const explained = explainMetrics(summary.tasks, metrics, summary);
  const tables: ReportTable[] = [
    {
      caption: "nDCG@10 on the test splits, by task",
      table: resultsFirst(resultsTable(resultRows(summary))),
      footRows: 1,
    },
  ];
  const lengths = lengthRows(
    reports ?? {},
    (name) => armLabel(name, summary),
  );
  if (lengths.length > 0) {
    tables.push({
      caption: "Mean nDCG@10 of vectors cut to their first components",
      table: lengths,
      footRows: 0,
    });
  }
  const appendix: ReportTable[] = [];
  if (explained.length > 0) {
    appendix.push({
      caption: "The losses behind the weights",
      table: explanationTable(explained),
    });
  }
  if (dev.length > 0) {
    appendix.push({
      caption:
        "nDCG@10 on dev queries while training: the best of each task, and the end",
      table: devPeaks(dev, (arm) => armLabel(arm, summary)),
      footRows: 0,
    });
  }
  if (tasks) appendix.push({ caption: "The tasks", table: tasks });
  if (record?.lengths) appendix.push(cutTable(record.lengths));
  const mined = Object.entries(statistics);
  if (mined.length > 0) {
    appendix.push({
      caption: "Mined hard negatives",
      table: mined.map(([task, s]) => ({ task, ...s })),
    });
  }
  return {
    title: `tDRO on the suite “${summary.suite}”`,
    summary: outcome(summary),
    warnings: summary.warnings,
    tables,
    texts: explained.length > 0 ? [reasons(explained)] : [],
    plots: plots(experimentPlots(summary, metrics, reports, dev), summary),
    appendix,
    terms: REPORT_TERMS,
    provenance: { ...record, summary },
  };
}

/** Which share of the texts of each task was cut. */
export function cutTable({ query, passage, cut }: TextLengths): ReportTable {
  return {
    caption:
      `Shares of texts that were cut: queries at ${query} tokens, passages at ${passage}`,
    table: Object.entries(cut).map(([task, shares]) => ({ task, ...shares })),
    footRows: 0,
  };
}

/** On a phone the first columns are what one sees: the arms, then the rest. */
function resultsFirst(table: ReturnType<typeof resultsTable>): typeof table {
  const later = ["start", "bm25", "weight", "size"]
    .filter((name) => table.columnNames().includes(name));
  return table.relocate(later, { after: table.columnNames().at(-1)! });
}

/** A sentence a task on its weight, those that moved most first. */
function reasons(explained: readonly WeightExplanation[]): ReportTexts {
  const moved = ({ start, end }: WeightExplanation) =>
    start > 0 && end > 0 ? Math.abs(Math.log(end / start)) : 0;
  const follow = whatWeightsFollow(explained);
  return {
    title: "Why the weights rose or fell",
    intro:
      `From the losses of stage 1, the tasks whose weights moved most first. The numbers are in “The losses behind the weights” below.${
        follow ? ` ${capitalised(follow.about)}.` : ""
      }`,
    texts: explained.toSorted((a, b) => moved(b) - moved(a))
      .map(({ task, why }) => ({ name: task, text: `${why}.` })),
  };
}

function plots(
  specs: ExperimentPlots,
  summary: RunData["summary"],
): ReportPlot[] {
  const { measure } = summary;
  const devOf = (arm: ArmName): [string, string] => [
    `Dev scores by task: ${armLabel(arm, summary)}`,
    "nDCG@10 on a sample of each task's dev queries and passages, over the updates. A task that falls after its best overfits, or is crowded out.",
  ];
  const about: Record<keyof ExperimentPlots, [string, string]> = {
    trajectories: [
      "Course of the weights",
      `Domain weights after each update of stage 1 (measure: ${measure}).`,
    ],
    weights: [
      "Learned weights",
      "Weights at the end of stage 1; the rule marks 1/K.",
    ],
    measures: [
      "Both variants of the measure",
      "Measure of each task as tDRO's code and its paper take it, on the same losses.",
    ],
    ndcg: [
      "nDCG@10 by task",
      "Uniform sampling against both arms of stage 2; 95 % intervals over the test queries of each task.",
    ],
    differences: [
      "Gain of reweighted sampling by task",
      "Paired differences with 95 % intervals over the test queries of each task, not adjusted for the number of tasks.",
    ],
    gain: [
      "Quality against data",
      "Mean nDCG@10 against the share of the training rows in sampled tasks; intervals are those of the difference to uniform.",
    ],
    loss: ["Loss while training", "Mean loss of each update, by arm."],
    dev: [
      "Dev scores while training",
      "Mean nDCG@10 over the tasks, on a sample of dev queries and passages: higher than on whole corpora, and the same for every arm.",
    ],
    devUniform: devOf("uniform"),
    devReweighted: devOf("reweighted"),
    devTop: devOf("top"),
  };
  return Object.entries(about).flatMap(([name, [title, description]]) => {
    const spec = specs[name as keyof ExperimentPlots];
    return spec ? [{ title, spec, description }] : [];
  });
}
