import {
  axisSpan,
  checkLeastSpan,
  LEAST_DIFFERENCE_SPAN,
  withNote,
} from "./marks/axis_span.ts";
import {
  names,
  quantity,
  referenceLine,
  rightColumn,
  rowAxis,
  signed,
  SIGNED_LABEL,
  tip,
} from "./marks/encode.ts";
import {
  MAYBE_TEXT,
  number,
  readFields,
  refuseHalfIntervals,
  refuseTwice,
  TEXT,
} from "./marks/fields.ts";
import { BLUE, GREY, VERMILLION } from "./marks/palette.ts";
import {
  plot,
  type PlotOptions,
  type PlotSpec,
  ROW_HEIGHT,
} from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** A difference with its interval; input of {@linkcode intervalPlot}. */
export interface IntervalRow {
  /** What is compared with the baseline: an arm, a strategy, a task, a run. */
  name: string;
  /** Difference to the baseline, in the unit of the metric. */
  difference: number;
  /** Lower end of its interval. */
  low: number;
  /** Upper end of its interval. */
  high: number;
  /** A word on it, e.g. `p 0.012`; shown at the right. */
  note?: string;
}

/** Options for {@linkcode intervalPlot}. */
export interface IntervalPlotOptions extends PlotOptions {
  /** What the differences are of. @default {"mean nDCG@10"} */
  metric?: string;
  /** What they are held against. @default {"uniform"} */
  baseline?: string;
  /** Whether rows are sorted by their difference. @default {true} */
  sort?: boolean;
  /** Least span of the axis, in the unit of the metric. @default {0.05} */
  leastSpan?: number;
}

const ACTION = "plot differences";

/**
 * Differences to a baseline with their intervals, a line each, and the 0 that
 * they must clear: blue where the whole interval is above it, vermillion where
 * it is below, grey where it holds 0.
 *
 * @param rows One row a comparison.
 * @param options Heading, size, metric, baseline.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows, a name appears twice, or an
 * interval's ends are the wrong way.
 *
 * @example Usage
 * ```ts
 * import { intervalPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = intervalPlot([
 *   { name: "tdro", difference: 0.02, low: 0.005, high: 0.035 },
 *   { name: "doremi", difference: 0.01, low: -0.01, high: 0.03 },
 * ]);
 * assert.match(spec.title.text.join(" "), /1 of 2 above uniform/);
 * ```
 */
export function intervalPlot(
  rows: Rows<IntervalRow>,
  {
    metric = "mean nDCG@10",
    baseline = "uniform",
    sort = true,
    leastSpan = LEAST_DIFFERENCE_SPAN,
    ...options
  }: IntervalPlotOptions = {},
): PlotSpec {
  const checked = readFields(rows, ACTION, {
    name: TEXT,
    difference: number(),
    low: number(),
    high: number(),
    note: MAYBE_TEXT,
  });
  refuseHalfIntervals(checked, ACTION);
  refuseTwice(checked, "name", ACTION);
  checkLeastSpan(leastSpan, ACTION);
  const values = checked.map(({ note, ...row }) => ({
    ...row,
    sign: row.low > 0 ? SIGNS[0] : row.high < 0 ? SIGNS[2] : SIGNS[1],
    label: [signed(row.difference, 4), note].filter((part) => part !== null)
      .join(" · "),
  }));
  if (sort) values.sort((a, b) => b.difference - a.difference);
  const { domain, note } = axisSpan(
    [0, ...values.flatMap((row) => [row.difference, row.low, row.high])],
    { least: leastSpan },
  );
  return plot(options, {
    action: ACTION,
    title: outcome(values, baseline),
    subtitle: withNote(
      `Point: difference in ${metric}; line: its interval; dashed: ${baseline}`,
      note,
    ),
    description: `Differences in ${metric} to ${baseline} with intervals.`,
    height: values.length * ROW_HEIGHT,
    view: () => ({
      data: { values },
      layer: layers(values.map((row) => row.name), {
        metric,
        baseline,
        domain,
      }),
    }),
  });
}

function layers(
  order: readonly string[],
  { metric, baseline, domain }: {
    metric: string;
    baseline: string;
    domain: readonly [number, number];
  },
): object[] {
  const { axis, bare } = rowAxis("name", order);
  const x = quantity("difference", {
    title: `${metric}, difference to ${baseline} (0 to 1 scale)`,
    scale: { domain, nice: true },
    axis: { labelExpr: SIGNED_LABEL, tickCount: 6 },
  });
  const color = names("sign", {
    scale: { domain: SIGNS, range: [BLUE, GREY, VERMILLION] },
    legend: null,
  });
  const shape = names("sign", {
    scale: {
      domain: SIGNS,
      range: ["triangle-right", "circle", "triangle-left"],
    },
  });
  const tooltip = [
    tip("name"),
    tip("difference", "difference", "+.4f"),
    tip("low", "from", "+.4f"),
    tip("high", "to", "+.4f"),
  ];
  return [
    {
      mark: { type: "rule", strokeWidth: 2.2 },
      encoding: {
        y: { ...axis, axis: { domain: false, ticks: false, grid: true } },
        x: { ...x, field: "low" },
        x2: { field: "high" },
        color,
        tooltip,
      },
    },
    ...referenceLine({
      channel: "x",
      value: 0,
      label: baseline,
      labelAt: -3,
      text: { align: "center", baseline: "bottom" },
    }),
    {
      mark: { type: "point", filled: true, size: 90, opacity: 1 },
      encoding: { y: bare, x, color, shape, tooltip },
    },
    rightColumn(bare),
  ];
}

const SIGNS = ["above", "holds 0", "below"] as const;

function outcome(
  rows: readonly { name: string; difference: number; sign: string }[],
  baseline: string,
): string {
  const count = (sign: string) => rows.filter((r) => r.sign === sign).length;
  const [above, within, below] = SIGNS.map(count) as [number, number, number];
  const of = `of ${rows.length}`;
  return above + below === 0
    ? `None ${of} can be told from ${baseline}: every interval holds 0`
    : `${above} ${of} above ${baseline}, ${below} below, ${within} not to be told from it`;
}
