import { axisSpan } from "./marks/axis_span.ts";
import { maybe, MAYBE_TEXT, number, readFields } from "./marks/fields.ts";
import { formatNumber } from "./marks/grid.ts";
import {
  groupLines,
  LABEL_GAP,
  type LinePoint,
  rounded,
} from "./marks/line_points.ts";
import { linesWithLabels, MAX_COLORS } from "./marks/lines.ts";
import { orderArms } from "./marks/palette.ts";
import { plot, type PlotSpec } from "./plot_spec.ts";
import { type LinePlotOptions, maxPoints } from "./weight_trajectory_plot.ts";
import type { Rows } from "../rows.ts";

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
  const most = maxPoints(options, ACTION);
  const checked = readFields(rows, ACTION, {
    arm: MAYBE_TEXT,
    task: MAYBE_TEXT,
    step: number(),
    loss: maybe(),
  });
  const groups = groupLines(
    checked.flatMap(({ arm, task, step, loss }) =>
      loss === null ? [] : [{
        series: [arm, task].filter((part) => part !== null).join(" · ") ||
          "loss",
        step,
        value: loss,
      }]
    ),
  );
  const lines = [...groups.values()];
  if (lines.length === 0) {
    throw new RangeError(`Cannot ${ACTION}: no row has a loss`);
  }
  const longest = Math.max(...lines.map((line) => line.length));
  const window = Math.ceil(longest / most);
  const drawn = lines.map((line) => windowMeans(line, window));
  const points = drawn.flat().map(rounded);
  const tasked = checked.some(({ task }) => task !== null);
  const low = points.reduce((min, p) => Math.min(min, p.value), Infinity);
  const high = points.reduce((max, p) => Math.max(max, p.value), -Infinity);
  // Losses go over orders of size: what's noise hangs on the loss itself.
  const { domain: [from, to] } = axisSpan([low, high], {
    least: 0.02 * Math.abs(high),
  });
  const room = (to - from) * 0.04 || 1;
  const notes: string[] = [];
  if (window > 1) notes.push(`Each point is the mean of ${window} steps.`);
  if (tasked && lines.length > MAX_COLORS) {
    notes.push("In colour: the six lines that end highest.");
  }
  return plot(options, {
    action: ACTION,
    title: outcome(drawn),
    subtitle: notes.join(" "),
    description: `Loss over the training steps, ${lines.length} ${
      lines.length === 1 ? "line" : "lines"
    }.`,
    height: Math.max(300, lines.length * LABEL_GAP),
    view: ({ height }) => ({
      data: { values: points },
      layer: linesWithLabels({
        height,
        points,
        ...importance(drawn, tasked),
        seriesTitle: "line",
        valueTitle: window === 1
          ? "loss (no unit)"
          : `loss (no unit; mean of ${window} steps)`,
        domain: [from - room, to + room],
        format: (value) => formatNumber(value, 3),
      }),
    }),
  });
}

/**
 * Arms alone keep the colours that they have in the other plots; of many tasks
 * those with the highest loss stand out.
 */
function importance(
  lines: readonly LinePoint[][],
  tasked: boolean,
): { important: string[]; base?: string } {
  const ends = lines.map((line) => line.at(-1)!);
  const all = ends.map((end) => end.series);
  if (tasked) {
    ends.sort((a, b) => b.value - a.value);
    return { important: ends.map((end) => end.series) };
  }
  if (all.length === 1) return { important: all };
  const [base, ...arms] = orderArms(all);
  return { important: arms, base: base! };
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
