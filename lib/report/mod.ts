/**
 * Tables and figures out of plain rows: for a terminal, a notebook, a README,
 * or one HTML file. Rows are arrays of objects or Arquero tables; a plot is a
 * Vega-Lite specification, plain data that anyone may edit. Nothing here knows
 * tensors, and Vega loads only when something is drawn.
 *
 * @example From results to a report
 * ```ts
 * import {
 *   htmlReport,
 *   ndcgPlot,
 *   resultsTable,
 *   textTable,
 * } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const rows = [
 *   { task: "dom-prose", weight: 0.6, uniform: 0.5, reweighted: 0.56 },
 *   { task: "node-api", weight: 0.4, uniform: 0.7, reweighted: 0.69 },
 * ];
 * const table = resultsTable(rows);
 * assert.match(textTable(table), /dom-prose .*\+0\.0600/);
 *
 * const plot = ndcgPlot(rows.flatMap(({ task, uniform, reweighted }) => [
 *   { task, arm: "uniform", ndcg: uniform },
 *   { task, arm: "reweighted", ndcg: reweighted },
 * ]));
 * plot.width = 400; // a plot is plain data
 * const html = await htmlReport({
 *   title: "Two tasks",
 *   summary: plot.title.text,
 *   tables: [{ caption: "nDCG@10 by task", table }],
 *   plots: [{ title: "nDCG@10 by task and mixture", spec: plot }],
 *   provenance: { seed: 1 },
 * });
 * assert(html.includes("<svg "));
 * ```
 *
 * @module
 */
export { type ResultRow, resultsTable } from "./tables/results_table.ts";
export { suiteTable } from "./tables/suite_table.ts";
export { weightsTable } from "./tables/weights_table.ts";
export {
  metricsTable,
  type MetricsTableOptions,
} from "./tables/metrics_table.ts";
export { scoresTable, type ScoresTableOptions } from "./tables/scores_table.ts";
export { textTable, type TextTableOptions } from "./tables/text_table.ts";
export { htmlTable, type HtmlTableOptions } from "./tables/html_table.ts";
export { markdownTable } from "./tables/markdown_table.ts";
export type { TableOptions } from "./plots/marks/grid.ts";
export type { Rows, TableLike } from "./rows.ts";
export {
  type LinePlotOptions,
  type WeightStepRow,
  weightTrajectoryPlot,
} from "./plots/weight_trajectory_plot.ts";
export { type WeightRow, weightsPlot } from "./plots/weights_plot.ts";
export { ndcgPlot, type NdcgRow } from "./plots/ndcg_plot.ts";
export { lossPlot, type LossRow } from "./plots/loss_plot.ts";
export {
  devPlot,
  type DevPlotOptions,
  type DevPlotRow,
} from "./plots/dev_plot.ts";
export { type MeasureRow, measuresPlot } from "./plots/measures_plot.ts";
export { gainPlot, type GainRow } from "./plots/gain_plot.ts";
export {
  intervalPlot,
  type IntervalPlotOptions,
  type IntervalRow,
} from "./plots/interval_plot.ts";
export {
  type HeatmapOptions,
  heatmapPlot,
  type HeatmapRow,
} from "./plots/heatmap_plot.ts";
export {
  type SizeRow,
  sizesPlot,
  type SizesPlotOptions,
} from "./plots/sizes_plot.ts";
export {
  type ScalingOptions,
  scalingPlot,
  type ScalingRow,
} from "./plots/scaling_plot.ts";
export {
  scalingLawPlot,
  type ScalingLawRow,
} from "./plots/scaling_law_plot.ts";
export {
  lengthHistogram,
  type LengthHistogramOptions,
  type LengthRow,
} from "./plots/length_histogram.ts";
export {
  duplicateHistogram,
  type DuplicateRow,
} from "./plots/duplicate_histogram.ts";
export {
  benchPlot,
  type BenchPlotOptions,
  type BenchRow,
} from "./plots/bench_plot.ts";
export type { PlotOptions, PlotSpec, PlotTitle } from "./plots/plot_spec.ts";
export { renderSvg, type RenderSvgOptions } from "./plots/render_svg.ts";
export { show, type Shown, type ShowOptions } from "./notebook/show.ts";
export {
  type LiveDisplay,
  liveDisplay,
  type LiveDisplayOptions,
} from "./notebook/live_display.ts";
export {
  TrainingPanel,
  type TrainingPanelOptions,
} from "./notebook/training_panel.ts";
export {
  watchTraining,
  type WatchTrainingOptions,
} from "./notebook/watch_training.ts";
export {
  type ProgressLike,
  watchProgress,
  type WatchProgressOptions,
} from "./notebook/watch_progress.ts";
export type { ProgressLineOptions } from "./notebook/progress_line.ts";
export type {
  ArenaLike,
  DevReportLike,
  EncoderLike,
  EvalReportLike,
  FinishedRunLike,
  MetricsLineLike,
  SuiteLike,
  TaskLike,
  TrainingStepLike,
  WeightFileLike,
} from "./plots/shapes.ts";
export {
  DISPLAY,
  type DisplayFunction,
  type MediaBundle,
} from "./notebook/jupyter.ts";
export {
  htmlReport,
  type HtmlReportOptions,
  type ReportContent,
  type ReportPlot,
  type ReportTable,
  type ReportTerm,
  type ReportTexts,
} from "./page/html_report.ts";
