import {
  quantity,
  referenceLine,
  rightColumn,
  rowAxis,
  tip,
} from "./marks/encode.ts";
import {
  maybe,
  number,
  readFields,
  refuseTwice,
  TEXT,
} from "./marks/fields.ts";
import { BLUE, GREY, VERMILLION } from "./marks/palette.ts";
import { formatNumber } from "./marks/grid.ts";
import {
  plot,
  type PlotOptions,
  type PlotSpec,
  ROW_HEIGHT,
} from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** One task and its weight; input of {@linkcode weightsPlot}. */
export interface WeightRow {
  /** Task name, once. */
  task: string;
  /** Domain weight, ≥ 0, no unit. */
  weight: number;
  /** Number of training rows; null if unknown. */
  size?: number | null;
  /**
   * Ends of the weights that chance alone gives; null if unknown. Given in all rows
   * or in none.
   */
  low?: number | null;
  /** See `low`. */
  high?: number | null;
}

const ACTION = "plot weights";

/**
 * Bars of the domain weights, the heaviest task on top, with a line where every
 * task would be under uniform weights (the mean of the given weights: 1/K if
 * they sum to 1). Where each row has a size, a tick on the bar gives the task's
 * share of all training rows, scaled to the same sum. A line shows the weights that
 * chance alone gives, where they are known; bars that end within it are grey.
 *
 * @param rows One row a task.
 * @param options Heading and size.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows, a task appears twice, or a number is
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
  const values = readFields(rows, ACTION, {
    task: TEXT,
    weight: number(0),
    size: maybe(0),
    low: maybe(0),
    high: maybe(0),
  }).sort((a, b) => b.weight - a.weight || (a.task < b.task ? -1 : 1));
  refuseTwice(values, "task", ACTION);
  const total = values.reduce((sum, row) => sum + row.weight, 0);
  const uniform = total / values.length;
  const rowsInAll = values.reduce((sum, row) => sum + (row.size ?? 0), 0);
  const sized = rowsInAll > 0 && values.every((row) => row.size !== null);
  const banded = values.every(({ low, high }) => low !== null && high !== null);
  const data = values.map(({ task, weight, size, low, high }) => {
    const label = formatNumber(weight, 3);
    const row = {
      task,
      weight,
      label,
      above: banded ? weight < low! || weight > high! : weight > uniform,
    };
    if (banded) Object.assign(row, { low, high });
    return sized ? { ...row, size, share: size! / rowsInAll * total } : row;
  });
  const { axis, bare } = rowAxis("task", values.map((row) => row.task));
  const sum = formatNumber(total, 3).replace(/\.?0+$/, "");
  const tooltip = [tip("task"), tip("weight", "weight", ".4f")];
  if (sized) {
    tooltip.push(tip("size", "training rows", ","));
    tooltip.push(tip("share", "share of rows", ".4f"));
  }
  if (banded) {
    tooltip.push(tip("low", "by chance, from", ".4f"));
    tooltip.push(tip("high", "by chance, to", ".4f"));
  }
  return plot(options, {
    action: ACTION,
    title: outcome(values),
    subtitle: [
      "Bar: weight",
      ...sized ? ["tick: share of training rows"] : [],
      ...banded
        ? ["thin line: what chance alone gives (grey bars end there)"]
        : [],
      "dashed line: uniform weights",
    ].join("; "),
    description: `Bars of the domain weights of ${values.length} tasks.`,
    height: values.length * ROW_HEIGHT,
    view: () => {
      const layer: object[] = [{
        mark: { type: "bar", height: { band: 0.68 } },
        encoding: {
          y: axis,
          x: quantity("weight", {
            axis: {
              title: `domain weight (no unit; sum ${sum})`,
              tickCount: 8,
            },
          }),
          color: {
            condition: { test: "datum.above", value: BLUE },
            value: GREY,
          },
          tooltip,
        },
      }];
      if (sized) {
        layer.push({
          mark: SHARE,
          encoding: { y: bare, x: quantity("share"), tooltip },
        });
      }
      if (banded) {
        layer.push({
          mark: { type: "rule", strokeWidth: 2, opacity: 0.9 },
          encoding: {
            y: bare,
            x: quantity("low"),
            x2: { field: "high" },
            tooltip,
          },
        });
      }
      // In a column of their own: beside the bars they would get in the way
      // of the ticks and the line.
      layer.push(rightColumn(bare));
      const reference = referenceLine({
        channel: "x",
        value: uniform,
        label: `uniform ${formatNumber(uniform, 3)}`,
        labelAt: -3,
        text: { align: "center", baseline: "bottom" },
      });
      layer.push(...reference);
      return { data: { values: data }, layer };
    },
  });
}

/** The mark of a task's share of the rows. */
const SHARE = {
  type: "tick",
  orient: "vertical",
  thickness: 3,
  size: 20,
  opacity: 1,
  color: VERMILLION,
};

function outcome(values: readonly { task: string; weight: number }[]): string {
  const top = values[0]!, low = values.at(-1)!;
  return top.weight === low.weight
    ? `All ${values.length} tasks have the same weight, ${
      formatNumber(top.weight, 3)
    }`
    : `${top.task} has the highest weight (${
      formatNumber(top.weight, 3)
    }), ${low.task} the lowest (${formatNumber(low.weight, 3)})`;
}
