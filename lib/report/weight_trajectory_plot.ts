import { needNumber, needRows, textField } from "./_rows.ts";
import { formatNumber } from "./_grid.ts";
import {
  LABEL_GAP,
  type LinePoint,
  linesWithLabels,
  rounded,
  thin,
} from "./_lines.ts";
import {
  checkSize,
  plot,
  PLOT_WIDTH,
  type PlotOptions,
  type PlotSpec,
} from "./plot_spec.ts";
import type { Rows } from "./rows.ts";

/** A task's weight after a step; input of {@linkcode weightTrajectoryPlot}. */
export interface WeightStepRow {
  /** Training step; 0 for the weights at the start. */
  step: number;
  /** Task name. */
  task: string;
  /** Domain weight, ≥ 0, no unit. */
  weight: number;
}

/** Options for {@linkcode weightTrajectoryPlot} and `lossPlot`. */
export interface LinePlotOptions extends PlotOptions {
  /**
   * Most points of a line. A longer one is thinned evenly, so that a plot of
   * many steps stays small. @default {200}
   */
  maxPoints?: number;
}

const ACTION = "plot the course of the weights";

/**
 * The domain weights over the training steps: a line a task, named at its right
 * end with the last weight. The six tasks that end furthest from 1/K are in
 * colour, the others grey; a dashed line marks 1/K. Readable with 34 tasks;
 * pointing at a name brings out its line.
 *
 * @param rows One row a step and task.
 * @param options Heading and size.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows or a number is missing or out of
 * range.
 *
 * @example Usage
 * ```ts
 * import { weightTrajectoryPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = weightTrajectoryPlot([
 *   { step: 0, task: "dom-prose", weight: 0.5 },
 *   { step: 0, task: "node-api", weight: 0.5 },
 *   { step: 1, task: "dom-prose", weight: 0.6 },
 *   { step: 1, task: "node-api", weight: 0.4 },
 * ]);
 * assert.match(spec.title.text.join(" "), /dom-prose ends highest \(0\.600\)/);
 * ```
 */
export function weightTrajectoryPlot(
  rows: Rows<WeightStepRow>,
  options: LinePlotOptions = {},
): PlotSpec {
  checkSize(options, ACTION);
  const most = maxPoints(options, ACTION);
  const lines = new Map<string, LinePoint[]>();
  for (const [i, row] of needRows(rows, ACTION).entries()) {
    const series = textField(row, "task", i, ACTION);
    const point = {
      series,
      step: needNumber(row, "step", i, ACTION),
      value: needNumber(row, "weight", i, ACTION, [0, Infinity]),
    };
    const line = lines.get(series);
    if (line === undefined) lines.set(series, [point]);
    else line.push(point);
  }
  for (const line of lines.values()) line.sort((a, b) => a.step - b.step);
  const uniform = 1 / lines.size;
  const ends = [...lines].map(([task, line]) => ({ task, ...line.at(-1)! }));
  ends.sort((a, b) => b.value - a.value || (a.task < b.task ? -1 : 1));
  const far = (end: { value: number }) => Math.abs(end.value - uniform);
  const important = [...ends].sort((a, b) => far(b) - far(a)).map((end) =>
    end.task
  );
  const points = [...lines.values()].flatMap((line) => thin(line, most))
    .map(rounded);
  const top = ends[0]!, low = ends.at(-1)!;
  const last = Math.max(...ends.map((end) => end.step));
  const title = options.title ??
    (top.value === low.value
      ? `All ${lines.size} tasks have the same weight after ${
        last.toLocaleString("en-US")
      } steps`
      : `After ${
        last.toLocaleString("en-US")
      } steps ${top.task} ends highest (${
        formatNumber(top.value, 3)
      }), ${low.task} lowest (${formatNumber(low.value, 3)})`);
  const height = options.height ??
    Math.max(300, (lines.size + 1) * LABEL_GAP);
  const highest = points.reduce((most, p) => Math.max(most, p.value), uniform);
  return plot({
    title,
    subtitle: options.subtitle ??
      (lines.size > 6
        ? "In colour: the six tasks that end furthest from 1/K; dashed line: 1/K"
        : "Dashed line: 1/K"),
    description:
      `Lines of the domain weights of ${lines.size} tasks over the training steps. ${title}.`,
    width: options.width ?? PLOT_WIDTH,
    height,
    parts: {
      data: { values: points },
      layer: linesWithLabels({
        points,
        important,
        seriesTitle: "task",
        valueTitle: "domain weight (no unit; sum 1)",
        domain: [0, highest * 1.05],
        format: (value) => formatNumber(value, 3),
        width: options.width ?? PLOT_WIDTH,
        height,
        reference: {
          value: uniform,
          label: `1/${lines.size} = ${formatNumber(uniform, 3)}`,
        },
      }),
    },
  });
}

/** The option, checked. */
export function maxPoints(
  { maxPoints = 200 }: LinePlotOptions,
  action: string,
): number {
  if (Number.isInteger(maxPoints) && maxPoints >= 2) return maxPoints;
  throw new RangeError(
    `Cannot ${action}: maxPoints must be a whole number of at least 2: got ${maxPoints}`,
  );
}
