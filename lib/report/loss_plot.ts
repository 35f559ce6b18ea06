import { needNumber, needRows, numberField, textField } from "./_rows.ts";
import { formatNumber } from "./_grid.ts";
import {
  LABEL_GAP,
  type LinePoint,
  linesWithLabels,
  MAX_COLORS,
  rounded,
} from "./_lines.ts";
import { orderArms } from "./_palette.ts";
import { checkSize, plot, PLOT_WIDTH, type PlotSpec } from "./plot_spec.ts";
import { type LinePlotOptions, maxPoints } from "./weight_trajectory_plot.ts";
import type { Rows } from "./rows.ts";

/** The loss of a step; input of {@linkcode lossPlot}. */
export interface LossRow {
  /** Training step. */
  step: number;
  /** Task, where the loss is one task's. */
  task?: string;
  /** What was trained, where several things are compared. */
  arm?: string;
  /** Loss, no unit; null where a step has none (e.g. a task absent from it). */
  loss: number | null;
}

const ACTION = "plot losses";

/**
 * The loss over the training steps: a line for each arm and task that the rows
 * name, labelled at its right end. A line of more than `maxPoints` steps is
 * drawn as means over windows of equal length (single steps are noisy), and the
 * axis says so.
 *
 * @param rows One row a step, and task or arm if several.
 * @param options Heading and size.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If no loss is known or a number is out of range.
 *
 * @example Usage
 * ```ts
 * import { lossPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = lossPlot([{ step: 1, loss: 2 }, { step: 2, loss: 1.5 }]);
 * assert.match(spec.title.text.join(" "), /from 2\.000 to 1\.500/);
 * ```
 */
export function lossPlot(
  rows: Rows<LossRow>,
  options: LinePlotOptions = {},
): PlotSpec {
  checkSize(options, ACTION);
  const most = maxPoints(options, ACTION);
  const lines = new Map<string, LinePoint[]>();
  let tasked = false;
  for (const [i, row] of needRows(rows, ACTION).entries()) {
    const value = numberField(row, "loss", i, ACTION);
    if (value === null) continue;
    const series = ["arm", "task"].filter((field) => row[field] !== undefined)
      .map((field) => textField(row, field, i, ACTION)).join(" · ") || "loss";
    tasked ||= row.task !== undefined;
    const point = { series, step: needNumber(row, "step", i, ACTION), value };
    const line = lines.get(series);
    if (line === undefined) lines.set(series, [point]);
    else line.push(point);
  }
  if (lines.size === 0) {
    throw new RangeError(`Cannot ${ACTION}: no row has a loss`);
  }
  for (const line of lines.values()) line.sort((a, b) => a.step - b.step);
  const longest = Math.max(...[...lines.values()].map((line) => line.length));
  const window = Math.ceil(longest / most);
  const drawn = [...lines.values()].map((line) => windowMeans(line, window));
  const points = drawn.flat().map(rounded);
  const ends = drawn.map((line) => line.at(-1)!);
  // Arms alone keep the colours that they have in the other plots; of many
  // tasks those with the highest loss stand out.
  const [base, ...arms] = tasked ? [] : orderArms(lines.keys());
  const important = tasked
    ? [...ends].sort((a, b) => b.value - a.value).map((end) => end.series)
    : lines.size === 1
    ? [...lines.keys()]
    : arms;
  const height = options.height ??
    Math.max(300, lines.size * LABEL_GAP);
  const width = options.width ?? PLOT_WIDTH;
  const low = points.reduce((min, p) => Math.min(min, p.value), Infinity);
  const high = points.reduce((max, p) => Math.max(max, p.value), -Infinity);
  const room = (high - low) * 0.04 || Math.abs(high) * 0.04 || 1;
  const title = options.title ?? outcome(drawn);
  const valueTitle = window === 1
    ? "loss (no unit)"
    : `loss (no unit; mean of ${window} steps)`;
  return plot({
    title,
    subtitle: options.subtitle ?? [
      ...(window === 1 ? [] : [`Each point is the mean of ${window} steps.`]),
      ...(tasked && lines.size > MAX_COLORS
        ? ["In colour: the six lines that end highest."]
        : []),
    ].join(" "),
    description: `Loss over the training steps, ${lines.size} ${
      lines.size === 1 ? "line" : "lines"
    }. ${title}.`,
    width,
    height,
    parts: {
      data: { values: points },
      layer: linesWithLabels({
        points,
        important,
        ...(base === undefined ? {} : { base }),
        seriesTitle: "line",
        valueTitle,
        domain: [low - room, high + room],
        format: (value) => formatNumber(value, 3),
        width,
        height,
      }),
    },
  });
}

/** Means over windows of `size` points; the step is the window's last one. */
function windowMeans(line: LinePoint[], size: number): LinePoint[] {
  if (size === 1) return line;
  const means: LinePoint[] = [];
  for (let i = 0; i < line.length; i += size) {
    const part = line.slice(i, i + size);
    means.push({
      series: line[0]!.series,
      step: part.at(-1)!.step,
      value: part.reduce((sum, point) => sum + point.value, 0) / part.length,
    });
  }
  return means;
}

function outcome(lines: LinePoint[][]): string {
  const first = (line: LinePoint[]) => formatNumber(line[0]!.value, 3);
  const last = (line: LinePoint[]) => formatNumber(line.at(-1)!.value, 3);
  if (lines.length === 1) {
    const line = lines[0]!;
    return `Loss from ${first(line)} to ${last(line)} over ${
      line.at(-1)!.step.toLocaleString("en-US")
    } steps`;
  }
  const byEnd = [...lines].sort((a, b) => b.at(-1)!.value - a.at(-1)!.value);
  const top = byEnd[0]!, low = byEnd.at(-1)!;
  return `Loss at the end: ${top[0]!.series} highest (${last(top)}), ${
    low[0]!.series
  } lowest (${last(low)})`;
}
