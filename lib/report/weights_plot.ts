import { needNumber, needRows, numberField, textField } from "./_rows.ts";
import { BLUE, GREY, VERMILLION } from "./_palette.ts";
import { formatNumber } from "./_grid.ts";
import {
  checkSize,
  plot,
  PLOT_WIDTH,
  type PlotOptions,
  type PlotSpec,
} from "./plot_spec.ts";
import type { Rows } from "./rows.ts";

/** One task and its weight; input of {@linkcode weightsPlot}. */
export interface WeightRow {
  /** Task name, once. */
  task: string;
  /** Domain weight, ≥ 0, no unit. */
  weight: number;
  /** Number of training rows; null if unknown. */
  size?: number | null;
}

const ACTION = "plot weights";

/**
 * Bars of the domain weights, the heaviest task on top, with a line where every
 * task would be under uniform weights (the mean of the given weights: 1/K if
 * they sum to 1). Where each row has a size, a tick on the bar gives the task's
 * share of all training rows, scaled to the same sum.
 *
 * @param rows One row a task.
 * @param options Heading and size.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows, a task comes twice, or a number is
 * out of range.
 *
 * @example Usage
 * ```ts
 * import { weightsPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = weightsPlot([
 *   { task: "node-api", weight: 0.25 },
 *   { task: "dom-prose", weight: 0.75 },
 * ]);
 * assert.deepEqual(
 *   spec.data.values.map((row: { task: string }) => row.task),
 *   ["dom-prose", "node-api"],
 * );
 * ```
 */
export function weightsPlot(
  rows: Rows<WeightRow>,
  options: PlotOptions = {},
): PlotSpec {
  checkSize(options, ACTION);
  const values = needRows(rows, ACTION).map((row, i) => ({
    task: textField(row, "task", i, ACTION),
    weight: needNumber(row, "weight", i, ACTION, [0, Infinity]),
    size: numberField(row, "size", i, ACTION, [0, Infinity]),
  })).sort((a, b) => b.weight - a.weight || (a.task < b.task ? -1 : 1));
  const tasks = values.map((row) => row.task);
  const twice = tasks.find((task, i) => tasks.indexOf(task) !== i);
  if (twice !== undefined) {
    throw new RangeError(
      `Cannot ${ACTION}: task ${
        JSON.stringify(twice)
      } comes twice; give one row a task`,
    );
  }
  const total = values.reduce((sum, row) => sum + row.weight, 0);
  const uniform = total / values.length;
  const rowsInAll = values.reduce((sum, row) => sum + (row.size ?? 0), 0);
  const sized = rowsInAll > 0 && values.every((row) => row.size !== null);
  const data = values.map(({ task, weight, size }) => ({
    task,
    weight,
    label: formatNumber(weight, 3),
    above: weight > uniform,
    ...(sized ? { size, share: size! / rowsInAll * total } : {}),
  }));
  const top = values[0]!, low = values.at(-1)!;
  const title = options.title ??
    (top.weight === low.weight
      ? `All ${values.length} tasks have the same weight, ${
        formatNumber(top.weight, 3)
      }`
      : `${top.task} has the highest weight (${
        formatNumber(top.weight, 3)
      }), ${low.task} the lowest (${formatNumber(low.weight, 3)})`);
  const width = options.width ?? PLOT_WIDTH;
  const y = {
    field: "task",
    type: "nominal",
    title: null,
    scale: { domain: tasks },
  };
  const weightAxis = {
    title: `domain weight (no unit; sum ${
      formatNumber(total, 3).replace(/\.?0+$/, "")
    })`,
  };
  const tooltip = [
    { field: "task", type: "nominal" },
    { field: "weight", type: "quantitative", format: ".4f" },
    ...(sized
      ? [
        {
          field: "size",
          type: "quantitative",
          format: ",",
          title: "training rows",
        },
        {
          field: "share",
          type: "quantitative",
          format: ".4f",
          title: "share of rows",
        },
      ]
      : []),
  ];
  return plot({
    title,
    subtitle: options.subtitle ??
      (sized
        ? "Bar: weight; tick: share of training rows; dashed line: uniform weights"
        : "Dashed line: uniform weights"),
    description:
      `Bars of the domain weights of ${values.length} tasks. ${title}.`,
    width,
    height: options.height ?? values.length * 24,
    parts: {
      data: { values: data },
      layer: [
        {
          mark: { type: "bar", height: { band: 0.68 } },
          encoding: {
            y: { ...y, axis: { domain: false, ticks: false } },
            x: { field: "weight", type: "quantitative", axis: weightAxis },
            color: {
              condition: { test: "datum.above", value: BLUE },
              value: GREY,
            },
            tooltip,
          },
        },
        ...(sized
          ? [{
            mark: {
              type: "tick",
              orient: "vertical",
              thickness: 3,
              size: 20,
              opacity: 1,
              color: VERMILLION,
            },
            encoding: {
              y,
              x: { field: "share", type: "quantitative" },
              tooltip,
            },
          }]
          : []),
        {
          // In a column of their own: beside the bars they would get in the
          // way of the ticks and the line.
          mark: { type: "text", align: "left", dx: 8, style: "value-label" },
          encoding: {
            y,
            x: { value: width },
            text: { field: "label", type: "nominal" },
          },
        },
        {
          data: {
            values: [{ uniform, label: `uniform ${formatNumber(uniform, 3)}` }],
          },
          mark: { type: "rule", style: "reference-line" },
          encoding: { x: { field: "uniform", type: "quantitative" } },
        },
        {
          data: {
            values: [{ uniform, label: `uniform ${formatNumber(uniform, 3)}` }],
          },
          mark: {
            type: "text",
            align: "center",
            baseline: "bottom",
            style: "reference-label",
          },
          encoding: {
            x: { field: "uniform", type: "quantitative" },
            y: { value: -3 },
            text: { field: "label", type: "nominal" },
          },
        },
      ],
    },
  });
}
