import { capitalised } from "../../base/capitalised.ts";
import { maybe, number, readFields, TEXT } from "./marks/fields.ts";
import { formatNumber } from "./marks/grid.ts";
import {
  bandOf,
  groupLines,
  LABEL_GAP,
  type LinePoint,
  rounded,
  thin,
} from "./marks/line_points.ts";
import { linesWithLabels } from "./marks/lines.ts";
import { plot, type PlotOptions, type PlotSpec } from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** A task's weight after a step; input of {@linkcode weightTrajectoryPlot}. */
export interface WeightStepRow {
  /** Training step; 0 for the weights at the start. */
  step: number;
  /** Task name. */
  task: string;
  /** Domain weight, ≥ 0, no unit. */
  weight: number;
  /** Seed of the training run, where several are shown together. */
  seed?: number;
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
 * pointing at a name brings out its line. Where steps come with several seeds, a
 * line is the mean over them, and the coloured ones have a band from the least
 * to the largest weight.
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
  const most = maxPoints(options, ACTION);
  const checked = readFields(rows, ACTION, {
    task: TEXT,
    step: number(),
    weight: number(0),
    seed: maybe(),
  });
  const seeds = new Set(checked.map(({ seed }) => seed)).size;
  const lines = [
    ...groupLines(checked.map(({ task, step, weight }) => ({
      series: task,
      step,
      value: weight,
    }))).values(),
  ].map((line) => seeds > 1 ? bandOf(line) : line);
  const uniform = 1 / lines.length;
  const ends = lines.map((line) => line.at(-1)!)
    .sort((a, b) => b.value - a.value || (a.series < b.series ? -1 : 1));
  const far = (end: LinePoint) => Math.abs(end.value - uniform);
  const points = lines.flatMap((line) => thin(line, most)).map(rounded);
  const highest = points.reduce(
    (top, p) => Math.max(top, p.high ?? p.value),
    uniform,
  );
  const notes: string[] = [];
  if (lines.length > 6) {
    notes.push("In colour: the six tasks that end furthest from 1/K");
  }
  if (seeds > 1) {
    notes.push(`lines: means of ${seeds} seeds; bands: least to largest`);
  }
  notes.push("dashed line: 1/K");
  return plot(options, {
    action: ACTION,
    title: outcome(ends),
    subtitle: capitalised(notes.join("; ")),
    description:
      `Lines of the domain weights of ${lines.length} tasks over the training steps.`,
    height: Math.max(300, (lines.length + 1) * LABEL_GAP),
    view: ({ height }) => ({
      data: { values: points },
      layer: linesWithLabels({
        height,
        points,
        important: ends.toSorted((a, b) => far(b) - far(a))
          .map((end) => end.series),
        seriesTitle: "task",
        valueTitle: "domain weight (no unit; sum 1)",
        domain: [0, highest * 1.05],
        format: (value) => formatNumber(value, 3),
        reference: {
          value: uniform,
          label: `1/${lines.length} = ${formatNumber(uniform, 3)}`,
        },
      }),
    }),
  });
}

/** @param ends Last points, the highest first. */
function outcome(ends: readonly LinePoint[]): string {
  const top = ends[0]!, low = ends.at(-1)!;
  const last = Math.max(...ends.map((end) => end.step)).toLocaleString("en-US");
  return top.value === low.value
    ? `All ${ends.length} tasks have the same weight after ${last} steps`
    : `After ${last} steps ${top.series} ends highest (${
      formatNumber(top.value, 3)
    }), ${low.series} lowest (${formatNumber(low.value, 3)})`;
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
