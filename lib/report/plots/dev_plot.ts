import { capitalised } from "../../base/capitalised.ts";
import { axisSpan, LEAST_SCORE_SPAN, withNote } from "./marks/axis_span.ts";
import { maybe, MAYBE_TEXT, number, readFields } from "./marks/fields.ts";
import { formatNumber } from "./marks/grid.ts";
import {
  bandOf,
  groupLines,
  LABEL_GAP,
  type LinePoint,
  rounded,
} from "./marks/line_points.ts";
import { linesWithLabels, MAX_COLORS } from "./marks/lines.ts";
import { orderArms } from "./marks/palette.ts";
import { plot, type PlotOptions, type PlotSpec } from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** A score on dev queries while training; input of {@linkcode devPlot}. */
export interface DevPlotRow {
  /** Updates made before; 0 for the start. */
  step: number;
  /** nDCG@10, in [0, 1]. */
  ndcg: number;
  /** Task, where the score is one task's. */
  task?: string;
  /** What was trained, where several things are compared. */
  arm?: string;
  /** Seed, where several are shown together; a line is the mean over them. */
  seed?: number;
}

/** Options for {@linkcode devPlot}. */
export interface DevPlotOptions extends PlotOptions {
  /** Updates behind the model that was kept; marked by a line. */
  kept?: number;
}

const ACTION = "plot dev scores";

/** Name of the line that is the mean over the tasks. */
const MEAN = "mean";

/**
 * Scores on dev queries over the updates of a training: a line for each task, and
 * their mean; or a line for each arm. A dot marks each line's best, so that one sees
 * when a task begins to lose what it had gained. In colour are the tasks that lose
 * most after their best. Where rows come with several seeds, lines are means, with a
 * band from the least to the largest.
 *
 * @param rows One row an evaluation and task, or arm.
 * @param options Heading, size, and what was kept.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows or a number is missing or out of range.
 *
 * @example Usage
 * ```ts
 * import { devPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const rows = [0.2, 0.5, 0.4].flatMap((ndcg, i) => [
 *   { step: 50 * i, task: "faq", ndcg }, // at its best after 50 updates
 *   { step: 50 * i, task: "code", ndcg: 0.3 + 0.1 * i },
 * ]);
 * const spec = devPlot(rows, { kept: 50 });
 * assert.match(spec.title.text.join(" "), /faq loses 0\.100 after its best/);
 * ```
 */
export function devPlot(
  rows: Rows<DevPlotRow>,
  options: DevPlotOptions = {},
): PlotSpec {
  const { kept, ...heading } = options;
  const checked = readFields(rows, ACTION, {
    arm: MAYBE_TEXT,
    task: MAYBE_TEXT,
    step: number(0),
    ndcg: number(0, 1),
    seed: maybe(),
  });
  const tasked = checked.some(({ task }) => task !== null);
  const seeds = new Set(checked.map(({ seed }) => seed)).size;
  const lines = linesOf(checked);
  if (tasked && lines.length > 1) lines.unshift(meanLine(lines));
  const points = lines.flat().map(rounded);
  const { domain: [from, to], note } = axisSpan(
    points.flatMap(({ value, low, high }) => [value, low, high]),
    { least: LEAST_SCORE_SPAN, within: [0, 1] },
  );
  const room = (to - from) * 0.04;
  return plot(heading, {
    action: ACTION,
    title: outcome(lines),
    subtitle: withNote(notes({ lines, tasked, seeds, kept }), note),
    description:
      `nDCG@10 on dev queries over the updates of a training, ${lines.length} ${
        lines.length === 1 ? "line" : "lines"
      }.`,
    height: Math.max(300, (lines.length + 1) * LABEL_GAP),
    view: ({ height }) => ({
      data: { values: points },
      layer: [
        ...kept === undefined ? [] : [keptLine(kept)],
        ...linesWithLabels({
          height,
          points,
          ...importance(lines, tasked),
          seriesTitle: tasked ? "task" : "arm",
          valueTitle: "nDCG@10 on dev queries (0 to 1)",
          domain: [Math.max(0, from - room), Math.min(1, to + room)],
          format: (value) => formatNumber(value, 3),
        }),
        dots(lines.map(bestOf).map(rounded)),
      ],
    }),
  });
}

/** A line for each task, or each arm. */
function linesOf(
  rows: readonly {
    arm: string | null;
    task: string | null;
    step: number;
    ndcg: number;
  }[],
): LinePoint[][] {
  const groups = groupLines(rows.map(({ arm, task, step, ndcg }) => ({
    series: [arm, task].filter((part) => part !== null).join(" · ") || MEAN,
    step,
    value: ndcg,
  })));
  return [...groups.values()].map((line) =>
    new Set(line.map(({ step }) => step)).size < line.length
      ? bandOf(line)
      : line
  );
}

function meanLine(lines: readonly LinePoint[][]): LinePoint[] {
  const bySteps = Map.groupBy(lines.flat(), ({ step }) => step);
  return [...bySteps].sort(([a], [b]) => a - b).map(([step, points]) => ({
    series: MEAN,
    step,
    value: points.reduce((sum, { value }) => sum + value, 0) / points.length,
  }));
}

/** The first of a line's highest points. */
function bestOf(line: readonly LinePoint[]): LinePoint {
  return line.reduce((best, p) => p.value > best.value ? p : best);
}

/** What a line has lost at its end since its best. */
function lossOf(line: readonly LinePoint[]): number {
  return bestOf(line).value - line.at(-1)!.value;
}

/** Tasks that lose most come first; arms keep the colours of the other plots. */
function importance(
  lines: readonly LinePoint[][],
  tasked: boolean,
): { important: string[]; base?: string } {
  const name = (line: readonly LinePoint[]) => line[0]!.series;
  if (lines.length === 1) return { important: lines.map(name) };
  if (!tasked) {
    const [base, ...important] = orderArms(lines.map(name));
    return { important, base: base! };
  }
  const tasks = lines.filter((line) => name(line) !== MEAN);
  return {
    important: tasks.toSorted((a, b) => lossOf(b) - lossOf(a)).map(name),
    base: MEAN,
  };
}

/** A loss that isn't spoken of: a hundred queries can't show less. */
const NOTHING = 0.01;

function outcome(lines: readonly LinePoint[][]): string {
  const worst = lines.filter(([first]) =>
    lines.length === 1 || first!.series !== MEAN
  ).toSorted((a, b) => lossOf(b) - lossOf(a))[0]!;
  const { series, step } = bestOf(worst);
  const loss = lossOf(worst);
  if (loss < NOTHING) {
    return `${
      lines.length === 1 ? `${series} ends` : "All end"
    } within ${NOTHING} of ${lines.length === 1 ? "its" : "their"} best`;
  }
  return `${series} loses ${formatNumber(loss, 3)} after its best at update ${
    step.toLocaleString("en-US")
  }`;
}

function notes({ lines, tasked, seeds, kept }: {
  lines: readonly LinePoint[][];
  tasked: boolean;
  seeds: number;
  kept: number | undefined;
}): string {
  return capitalised([
    "dots: the best of each line",
    ...tasked && lines.length > MAX_COLORS + 1
      ? ["in colour: the six tasks that lose most after it"]
      : [],
    ...seeds > 1
      ? [`lines: means of ${seeds} seeds; bands: least to largest`]
      : [],
    ...kept === undefined
      ? []
      : [`dashed line: the model that was kept (update ${kept})`],
  ].join("; "));
}

type Layer = Record<string, unknown>;

/** The dashed line at the model that was kept. */
function keptLine(step: number): Layer {
  return {
    data: { values: [{ step }] },
    mark: { type: "rule", style: "reference-line" },
    encoding: { x: { field: "step", type: "quantitative" } },
  };
}

function dots(points: readonly LinePoint[]): Layer {
  return {
    data: { values: points },
    mark: { type: "point", filled: true, size: 36, opacity: 1 },
    encoding: {
      x: { field: "step", type: "quantitative" },
      y: { field: "value", type: "quantitative" },
      color: { field: "series", type: "nominal" },
    },
  };
}
