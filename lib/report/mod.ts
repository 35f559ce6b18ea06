export * from "./results_table.ts";
export * from "./text_table.ts";
export * from "./html_table.ts";
export * from "./markdown_table.ts";
export * from "./weights_plot.ts";
export * from "./ndcg_plot.ts";
export * from "./gain_plot.ts";
export * from "./loss_plot.ts";
export {
  type LinePlotOptions,
  type WeightStepRow,
  weightTrajectoryPlot,
} from "./weight_trajectory_plot.ts";
export type { PlotOptions, PlotSpec, PlotTitle } from "./plot_spec.ts";
export { renderSvg, type RenderSvgOptions } from "./render_svg.ts";
export type { TableOptions } from "./_grid.ts";
export type { Rows, TableLike } from "./rows.ts";
export { show, type Shown, type ShowOptions } from "./show.ts";
export {
  type LiveDisplay,
  liveDisplay,
  type LiveDisplayFunction,
  type LiveDisplayOptions,
} from "./live_display.ts";
export * from "./html_report.ts";
