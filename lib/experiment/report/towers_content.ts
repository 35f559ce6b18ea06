import {
  lossPlot,
  type PlotSpec,
  type ReportContent,
  type ReportPlot,
  scalingPlot,
} from "../../report/mod.ts";
import { towerSentence } from "../distil/tower_sentence.ts";
import type { TowerRow } from "../distil/tower_rows.ts";
import type { TowersData } from "./reportable.ts";
import { REPORT_TERMS } from "./report_terms.ts";

/** What the report of distillations says: one, or several side by side. */
export function towersContent(all: readonly TowersData[]): ReportContent {
  const names = all.map(({ name }) => name);
  const [only] = all.length === 1 ? all : [];
  const plots = towersPlots(all);
  const described: ReportPlot[] = [];
  if (plots.kept) {
    described.push({
      title: "What is kept, and how long a query takes",
      spec: plots.kept,
      description:
        "Share of the teacher's mean nDCG@10, with its 95 % interval over test queries, against the median time of one query alone. Higher and further left is better.",
    });
  }
  if (plots.loss) {
    described.push({
      title: "Loss while training",
      spec: plots.loss,
      description: "Mean loss of each update, by stage.",
    });
  }
  return {
    title: only
      ? `Query towers of ${only.name}`
      : `${all.length} distillations side by side: ${names.join(", ")}`,
    summary: all.map(({ name, towers }) =>
      only ? towerSentence(towers) : `${name}: ${towerSentence(towers)}`
    ),
    tables: [{
      caption:
        "The teacher and its query towers: what is kept, and how fast they are",
      table: all.flatMap(({ name, towers }) =>
        towers.flatMap((row) =>
          lines(row).map((line) => only ? line : { run: name, ...line })
        )
      ),
      footRows: 0,
    }],
    plots: described,
    terms: REPORT_TERMS,
    provenance: only
      ? { ...only.record, towers: only.towers }
      : Object.fromEntries(
        all.map(({ name, record, towers }) => [name, { ...record, towers }]),
      ),
  };
}

/** The plots of distillations, as Vega-Lite specifications to show or edit. */
export interface TowersPlots {
  /** What is kept against the time of a query; absent without an evaluation. */
  kept?: PlotSpec;
  /** Loss of each update; absent for several runs, or without a log. */
  loss?: PlotSpec;
}

/** The plots of distillations. */
export function towersPlots(all: readonly TowersData[]): TowersPlots {
  const rows = all.flatMap(({ name, towers }) =>
    towers.filter((row) => row.kept !== undefined && row.keptInterval).flatMap((
      row,
    ) =>
      row.speed.map(({ backend, p50 }) => ({
        arm: [
          all.length > 1 ? `${name}: ${row.tower}` : row.tower,
          row.speed.length > 1 ? ` (${backend})` : "",
        ].join(""),
        size: p50,
        quality: 100 * row.kept!,
        low: 100 * row.keptInterval![0],
        high: 100 * row.keptInterval![1],
      }))
    )
  );
  const metrics = all.length === 1 ? all[0]!.metrics : [];
  return {
    ...rows.length > 0 && {
      kept: scalingPlot(rows, {
        sizeName: "milliseconds of one query (median)",
        qualityName: "share of the teacher's nDCG@10 (%)",
        leastSpan: 10,
        title: "What is kept of the teacher, by the time of a query",
      }),
    },
    ...metrics.length > 0 && {
      loss: lossPlot(
        metrics.map(({ stage, step, loss }) => ({
          arm: stage,
          step: step + 1,
          loss,
        })),
      ),
    },
  };
}

/** A line of the table for each backend that a tower was measured on. */
function lines(
  { tower, layers, parameters, ndcg, interval, kept, keptInterval, speed }:
    TowerRow,
): Record<string, string | number | null>[] {
  const percent = (share: number | undefined) =>
    share === undefined ? null : 100 * share;
  // What one looks for stands first: the rest is to the right on a phone.
  return speed.map(({ backend, queriesPerSecond, p50, p95 }) => ({
    tower,
    backend,
    "kept (%)": percent(kept),
    "kept, low": percent(keptInterval?.[0]),
    "kept, high": percent(keptInterval?.[1]),
    "p50 (ms)": p50,
    "p95 (ms)": p95,
    "queries/s": queriesPerSecond,
    "nDCG@10": ndcg ?? null,
    low: interval?.[0] ?? null,
    high: interval?.[1] ?? null,
    layers,
    parameters,
  }));
}
