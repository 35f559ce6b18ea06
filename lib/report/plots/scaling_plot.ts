import {
  axisSpan,
  checkLeastSpan,
  LEAST_SCORE_SPAN,
  withNote,
} from "./marks/axis_span.ts";
import { NDCG_TITLE, quantity, tip } from "./marks/encode.ts";
import {
  maybe,
  MAYBE_TEXT,
  number,
  readFields,
  refuseHalfIntervals,
} from "./marks/fields.ts";
import { armEncoding, BLUE, orderArms } from "./marks/palette.ts";
import { plot, type PlotOptions, type PlotSpec } from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** One model or moment of training; input of {@linkcode scalingPlot}. */
export interface ScalingRow {
  /** What grows: parameters, training steps, tokens, proxy steps; ≥ 0. */
  size: number;
  /** What it buys, in the metric's unit. */
  quality: number;
  /** What was trained, where several lines are compared. */
  arm?: string;
  /** Lower end of the interval of `quality`. */
  low?: number | null;
  /** Upper end of the interval. */
  high?: number | null;
}

/** Options for {@linkcode scalingPlot}. */
export interface ScalingOptions extends PlotOptions {
  /** What `size` counts, with its unit. @default {"parameters"} */
  sizeName?: string;
  /** What `quality` is, with its unit. @default {"nDCG@10 (0 to 1)"} */
  qualityName?: string;
  /** Least span of the axis, in the unit of the quality. @default {0.1} */
  leastSpan?: number;
}

const ACTION = "plot quality against size";

/**
 * Quality against the size of the model or the length of training: a line an
 * arm, its intervals as thin lines. The axis of sizes is logarithmic where the
 * largest is more than ten times the smallest and none is 0.
 *
 * @param rows One row a model.
 * @param options Heading, size, names of the axes.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows or a number is missing or out of
 * range.
 *
 * @example Usage
 * ```ts
 * import { scalingPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = scalingPlot([
 *   { arm: "uniform", size: 22e6, quality: 0.41 },
 *   { arm: "uniform", size: 110e6, quality: 0.44 },
 *   { arm: "tdro", size: 22e6, quality: 0.43 },
 *   { arm: "tdro", size: 110e6, quality: 0.45 },
 * ]);
 * assert.match(spec.title.text.join(" "), /tdro from 0\.430 at 22M to 0\.450 at 110M/);
 * ```
 */
export function scalingPlot(
  rows: Rows<ScalingRow>,
  {
    sizeName = "parameters",
    qualityName = NDCG_TITLE,
    leastSpan = LEAST_SCORE_SPAN,
    ...options
  }: ScalingOptions = {},
): PlotSpec {
  const checked = readFields(rows, ACTION, {
    arm: MAYBE_TEXT,
    size: number(0),
    quality: number(),
    low: maybe(),
    high: maybe(),
  });
  refuseHalfIntervals(checked, ACTION);
  checkLeastSpan(leastSpan, ACTION);
  const values = checked.map(({ arm, ...row }) => ({
    arm: arm ?? "model",
    ...row,
  }))
    .sort((a, b) => a.size - b.size);
  const arms = orderArms(checked.map(({ arm }) => arm ?? "model"));
  const sizes = values.map((row) => row.size);
  const [least, most] = [sizes[0]!, sizes.at(-1)!];
  const log = least > 0 && most / least > 10;
  const x = quantity("size", {
    title: `${sizeName}${log ? " (logarithmic)" : ""}`,
    scale: log
      ? { type: "log", nice: false, padding: 24 }
      : { nice: true, zero: least === 0, padding: 12 },
    axis: { format: "~s", tickCount: 6, grid: false },
  });
  const { domain, note } = axisSpan(
    checked.flatMap((row) => [row.quality, row.low, row.high]),
    { least: leastSpan },
  );
  const y = quantity("quality", {
    title: qualityName,
    scale: { domain, zero: false, nice: true, padding: 12 },
  });
  return plot(options, {
    action: ACTION,
    title: outcome(arms.map((arm) => values.filter((row) => row.arm === arm))),
    subtitle: withNote(
      values.some((row) => row.low !== null) ? "Thin lines: intervals" : "",
      note,
    ),
    description: `${qualityName} against ${sizeName}.`,
    height: 300,
    view: ({ width }) => ({
      data: { values },
      layer: layers(values, {
        x,
        y,
        look: looks(arms, width),
        tooltip: [
          tip("arm"),
          tip("size", sizeName, ",.4~s"),
          tip("quality", qualityName, ".4f"),
        ],
      }),
    }),
  });
}

/** Colours and shapes; one line alone needs no legend. */
function looks(
  arms: readonly string[],
  width: number,
): { color: object; shape?: object } {
  return arms.length === 1
    ? { color: { value: BLUE } }
    : armEncoding(arms, width);
}

function layers(
  rows: readonly { low: number | null }[],
  { x, y, look, tooltip }: {
    x: object;
    y: Record<string, unknown>;
    look: { color: object; shape?: object };
    tooltip: object[];
  },
): object[] {
  const { color } = look;
  const intervals = {
    transform: [{ filter: "isValid(datum.low)" }],
    mark: { type: "rule", strokeWidth: 1.5, opacity: 0.7 },
    encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
  };
  const lines = [
    { mark: { type: "line", strokeWidth: 2 }, encoding: { x, y, color } },
    {
      mark: { type: "point", filled: true, size: 110, opacity: 1 },
      encoding: { x, y, ...look, tooltip },
    },
  ];
  return rows.some((row) => row.low !== null) ? [intervals, ...lines] : lines;
}

function outcome(
  lines: readonly { arm: string; size: number; quality: number }[][],
): string {
  const short = (size: number) =>
    new Intl.NumberFormat("en-US", {
      notation: "compact",
      maximumSignificantDigits: 3,
    }).format(size);
  return lines.map((line) => {
    const first = line[0]!, last = line.at(-1)!;
    const at = (row: typeof first) =>
      `${row.quality.toFixed(3)} at ${short(row.size)}`;
    return line.length === 1
      ? `${first.arm} ${at(first)}`
      : `${first.arm} from ${at(first)} to ${at(last)}`;
  }).slice(0, 4).join(", ");
}
