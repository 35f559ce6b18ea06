import { checkLeastSpan, LEAST_DIFFERENCE_SPAN } from "./marks/axis_span.ts";
import { names, quantity, signed, SIGNED_LABEL, tip } from "./marks/encode.ts";
import { maybe, readFields, TEXT } from "./marks/fields.ts";
import { BACKGROUND } from "./marks/palette.ts";
import {
  plot,
  type PlotOptions,
  type PlotSpec,
  ROW_HEIGHT,
} from "./plot_spec.ts";
import { textWidth } from "../tables/text_width.ts";
import type { Rows } from "../rows.ts";

/** A cell; input of {@linkcode heatmapPlot}. */
export interface HeatmapRow {
  /** Task: the line. */
  task: string;
  /** Strategy, arm or run: the column. */
  arm: string;
  /** What the cell shows; null if unknown. */
  value: number | null;
}

/** Options for {@linkcode heatmapPlot}. */
export interface HeatmapOptions extends PlotOptions {
  /** What the values are, with their unit. @default {"difference in nDCG@10"} */
  metric?: string;
  /**
   * Whether 0 is the middle and the sign counts, as for differences. By default
   * where a value is below 0.
   */
  signed?: boolean;
  /** Digits after the point. @default {3} */
  digits?: number;
  /** Whether a last line gives the mean of each column. @default {true} */
  mean?: boolean;
  /**
   * Least span of the colours, in the unit of the values: of ±0.001 both ends
   * stay pale. @default {0.05 with signs, else 0}
   */
  leastSpan?: number;
}

const ACTION = "plot a heatmap";

/**
 * A table in colour, task × strategy: blue for gains, orange for losses (which
 * all kinds of colour vision tell apart), and the number in each cell, so that
 * nothing hangs on colour. Columns with the highest mean come first.
 *
 * @param rows One row a cell; cells that are missing stay empty.
 * @param options Heading, size, what the values are.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If no value is known or a cell appears twice.
 *
 * @example Usage
 * ```ts
 * import { heatmapPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = heatmapPlot([
 *   { task: "node-api", arm: "tdro", value: 0.02 },
 *   { task: "node-api", arm: "doremi", value: -0.01 },
 * ]);
 * assert.match(spec.title.text.join(" "), /tdro has the highest mean/);
 * ```
 */
export function heatmapPlot(
  rows: Rows<HeatmapRow>,
  {
    metric = "difference in nDCG@10",
    signed: withSign,
    digits = 3,
    mean = true,
    leastSpan,
    ...options
  }: HeatmapOptions = {},
): PlotSpec {
  const cells = readFields(rows, ACTION, {
    task: TEXT,
    arm: TEXT,
    value: maybe(),
  }).filter((cell) => cell.value !== null) as Cell[];
  if (cells.length === 0) {
    throw new RangeError(`Cannot ${ACTION}: every value is unknown`);
  }
  refuseDoubles(cells);
  const tasks = [...new Set(cells.map((cell) => cell.task))];
  const means = columnMeans(cells);
  const arms = [...means.keys()].sort((a, b) => means.get(b)! - means.get(a)!);
  const plus = withSign ?? cells.some((cell) => cell.value < 0);
  const write = (value: number) =>
    plus ? signed(value, digits) : value.toFixed(digits);
  const shown = [...cells];
  const lines = [...tasks];
  const meanLine = mean && tasks.length > 1;
  if (meanLine) {
    lines.push(MEAN);
    for (const arm of arms) {
      shown.push({ task: MEAN, arm, value: means.get(arm)! });
    }
  }
  const least = leastSpan ?? (plus ? LEAST_DIFFERENCE_SPAN : 0);
  checkLeastSpan(least, ACTION);
  const range = valueRange(cells, plus, least);
  const [low, high] = range;
  const span = high - low || 1;
  const values = shown.map((cell) => ({
    ...cell,
    label: write(cell.value),
    // White letters on what is dark: 4.4:1 and more either way.
    dark: (Math.abs(cell.value) - low) / span > 0.82,
  }));
  const cellWidth = Math.min(Math.max(64, 300 / arms.length), 110);
  return plot({ width: Math.max(160, arms.length * cellWidth), ...options }, {
    action: ACTION,
    title: mean ? outcome(arms, means, write) : largest(cells, digits),
    subtitle: `Cells: ${metric}${
      meanLine ? "; last line: mean over the tasks" : ""
    }${plus ? "; blue: above 0, orange: below" : ""}`,
    description:
      `Heatmap of ${metric}, ${tasks.length} tasks by ${arms.length} columns.`,
    height: lines.length * ROW_HEIGHT,
    view: () => ({
      data: { values },
      encoding: {
        x: columnAxis(arms, cellWidth),
        y: names("task", {
          title: null,
          scale: { domain: lines, padding: 0 },
          axis: { domain: false, ticks: false },
        }),
      },
      layer: layers(metric, { range, plus }),
    }),
  });
}

/** Ends of the colours: from 0 to the largest value either way with signs. */
function valueRange(
  cells: readonly Cell[],
  plus: boolean,
  least: number,
): [number, number] {
  const high = Math.max(...cells.map((cell) => Math.abs(cell.value)));
  if (plus) return [0, Math.max(high, least / 2) || 1];
  const low = Math.min(...cells.map((cell) => cell.value));
  return [low, Math.max(high, low + least) || 1];
}

/** Names of the columns; they lie flat where they have room. */
function columnAxis(arms: readonly string[], cellWidth: number): object {
  const widest = Math.max(...arms.map((arm) => textWidth(arm, 12)));
  const labels = widest < cellWidth - 4
    ? { labelAngle: 0 }
    : { labelAngle: -35, labelAlign: "left" };
  return names("arm", {
    title: null,
    scale: { domain: arms, padding: 0 },
    axis: { orient: "top", ...labels, domain: false, ticks: false },
  });
}

/** Coloured cells, and the numbers in them. */
function layers(
  metric: string,
  { range: [low, high], plus }: { range: [number, number]; plus: boolean },
): object[] {
  const legend: Record<string, unknown> = {
    orient: "bottom",
    gradientLength: 200,
    offset: 14,
    tickCount: 3,
  };
  if (plus) {
    legend.values = [-high, 0, high];
    legend.labelExpr = SIGNED_LABEL;
  }
  const color = quantity("value", {
    title: metric,
    scale: {
      domain: plus ? [-high, 0, high] : [low, low + (high - low || 1)],
      range: plus ? [LOSS, PALE, GAIN] : [PALE, GAIN],
      interpolate: "rgb",
    },
    legend,
  });
  return [
    {
      mark: { type: "rect", stroke: BACKGROUND, strokeWidth: 1 },
      encoding: {
        color,
        tooltip: [
          tip("task"),
          tip("arm"),
          tip("value", metric, plus ? "+.4f" : ".4f"),
        ],
      },
    },
    {
      mark: { type: "text", style: "value-label" },
      encoding: {
        text: names("label"),
        color: {
          condition: { test: "datum.dark", value: BACKGROUND },
          value: "#000000",
        },
      },
    },
  ];
}

type Cell = { task: string; arm: string; value: number };

/** Name of the line of means. */
const MEAN = "mean";

/** Ends of the scale and its middle: dark enough for white letters (4.5:1). */
const GAIN = "#0060a0", PALE = "#f4f4f2", LOSS = "#a84a00";

function columnMeans(cells: readonly Cell[]): Map<string, number> {
  return new Map(
    [...Map.groupBy(cells, (cell) => cell.arm)].map(([arm, column]) => [
      arm,
      column.reduce((sum, cell) => sum + cell.value, 0) / column.length,
    ]),
  );
}

function refuseDoubles(cells: readonly Cell[]): void {
  const seen = new Set<string>();
  for (const { task, arm } of cells) {
    const key = JSON.stringify([task, arm]);
    if (seen.has(key)) {
      throw new RangeError(
        `Cannot ${ACTION}: task ${JSON.stringify(task)} has ${
          JSON.stringify(arm)
        } twice; give one row a cell`,
      );
    }
    seen.add(key);
  }
}

/** The outcome where means say nothing, e.g. of weights, whose mean is 1/K. */
function largest(cells: readonly Cell[], digits: number): string {
  const top = cells.reduce((a, b) => b.value > a.value ? b : a);
  return `Largest: ${top.task} in ${top.arm} (${top.value.toFixed(digits)})`;
}

function outcome(
  arms: readonly string[],
  means: ReadonlyMap<string, number>,
  write: (value: number) => string,
): string {
  const first = arms[0]!, last = arms.at(-1)!;
  const mean = (arm: string) => write(means.get(arm)!);
  return arms.length === 1
    ? `${first}: mean ${mean(first)}`
    : `${first} has the highest mean (${mean(first)}), ${last} the lowest (${
      mean(last)
    })`;
}
