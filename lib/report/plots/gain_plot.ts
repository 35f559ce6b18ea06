import { axisSpan, LEAST_SCORE_SPAN, withNote } from "./marks/axis_span.ts";
import {
  type Part,
  percent,
  quantity,
  referenceLine,
  tip,
} from "./marks/encode.ts";
import {
  maybe,
  number,
  readFields,
  refuseHalfIntervals,
  TEXT,
} from "./marks/fields.ts";
import { armEncoding, orderArms } from "./marks/palette.ts";
import { plot, type PlotOptions, type PlotSpec } from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** What one training run cost in data and gave; input of {@linkcode gainPlot}. */
export interface GainRow {
  /** What was trained, e.g. `"uniform"`, `"reweighted"`, `"top"`. */
  arm: string;
  /** Share of the training rows used, in [0, 1]. */
  dataUsed: number;
  /** Mean nDCG@10 over the tasks, in [0, 1]. */
  ndcg: number;
  /** Lower end of the interval of `ndcg`; null or absent if unknown. */
  low?: number | null;
  /** Upper end of the interval. */
  high?: number | null;
}

const ACTION = "plot quality against data used";

/**
 * Mean nDCG@10 against the share of the training data used: a point a row, a
 * line through the points of an arm that has several, and a dashed line at the
 * best value of the first arm (`uniform` if there is one). Where a row has an
 * interval, a thin line through its point shows it. The axis spans 0.1 at least.
 *
 * @param rows One row a training run.
 * @param options Heading and size.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows or a number is missing or out of
 * range.
 *
 * @example Usage
 * ```ts
 * import { gainPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = gainPlot([
 *   { arm: "uniform", dataUsed: 1, ndcg: 0.5 },
 *   { arm: "top", dataUsed: 0.7, ndcg: 0.51 },
 * ]);
 * assert.match(spec.title.text.join(" "), /top 0\.510 \(70%\)/);
 * ```
 */
export function gainPlot(
  rows: Rows<GainRow>,
  options: PlotOptions = {},
): PlotSpec {
  const checked = readFields(rows, ACTION, {
    arm: TEXT,
    dataUsed: number(0, 1),
    ndcg: number(0, 1),
    low: maybe(0, 1),
    high: maybe(0, 1),
  });
  refuseHalfIntervals(checked, ACTION);
  const withIntervals = checked.some((row) => row.low !== null);
  const arms = orderArms(checked.map((row) => row.arm));
  const values = arms.flatMap((arm) =>
    checked.filter((row) => row.arm === arm)
      .sort((a, b) => a.dataUsed - b.dataUsed)
      .map(({ low, high, ...row }) =>
        withIntervals ? { ...row, low, high } : row
      )
  );
  const best = arms.map((arm) =>
    values.filter((row) => row.arm === arm)
      .reduce((top, row) => row.ndcg > top.ndcg ? row : top)
  );
  const { domain, note } = axisSpan(
    checked.flatMap((row) => [row.ndcg, row.low, row.high]),
    { least: LEAST_SCORE_SPAN, within: [0, 1] },
  );
  return plot(options, {
    action: ACTION,
    title: outcome(best),
    subtitle: withNote(
      `Further up is better, further left takes less data; dashed line: ${
        arms[0]
      }${withIntervals ? "; thin lines: intervals" : ""}`,
      note,
    ),
    description: "Mean nDCG@10 against share of training data.",
    height: 300,
    view: ({ width }) => ({
      data: { values },
      layer: [
        ...baseline(best[0]!, domain),
        ...armLayers(values, { arms, width, withIntervals, domain }),
      ],
    }),
  });
}

/** The axes, made anew for each plot: whoever edits one must not edit all. */
function axes(domain: readonly [number, number]): { x: Part; y: Part } {
  return {
    x: quantity("dataUsed", {
      title: "training data used (% of rows)",
      scale: { domain: [0, 1] },
      axis: { format: ".0%", values: [0, 0.2, 0.4, 0.6, 0.8, 1] },
    }),
    y: quantity("ndcg", {
      title: "mean nDCG@10 (0 to 1)",
      // Room above and below, so that no point lies on the frame.
      scale: { domain, zero: false, nice: true, padding: 16 },
    }),
  };
}

/** A dashed line across at the best value of the first arm. */
function baseline(
  { arm, ndcg }: { arm: string; ndcg: number },
  domain: readonly [number, number],
): object[] {
  const { y } = axes(domain);
  const layers = referenceLine({
    channel: "y",
    value: ndcg,
    label: `${arm} ${ndcg.toFixed(3)}`,
    labelAt: 0,
    text: { align: "left", baseline: "bottom", dy: -4, dx: 4 },
  });
  return layers.map((layer) => ({
    ...layer,
    encoding: { ...layer.encoding as object, y: { ...y, field: "value" } },
  }));
}

/** Lines of the arms that have several points, intervals, and the points. */
function armLayers(
  rows: readonly { arm: string; dataUsed: number }[],
  { arms, width, withIntervals, domain }: {
    arms: readonly string[];
    width: number;
    withIntervals: boolean;
    domain: readonly [number, number];
  },
): object[] {
  const { color, shape } = armEncoding(arms, width);
  const { x, y } = axes(domain);
  const layers: object[] = [];
  const severalPoints = arms.some((arm) =>
    new Set(rows.filter((row) => row.arm === arm).map((row) => row.dataUsed))
      .size > 1
  );
  if (severalPoints) {
    layers.push({
      mark: { type: "line", strokeWidth: 2 },
      encoding: { x, y, color },
    });
  }
  const mark = { type: "point", filled: true, size: 130, opacity: 1 };
  const encoding = () => ({
    x,
    y,
    color,
    shape,
    tooltip: tooltip(withIntervals),
  });
  if (!withIntervals) return [...layers, { mark, encoding: encoding() }];
  const points = arms.map((arm) => ({
    transform: [{ filter: { field: "arm", equal: arm } }],
    mark: { ...mark, xOffset: aside(arms, arm) },
    encoding: encoding(),
  }));
  return [...layers, ...intervals(arms, { x, y, color }), ...points];
}

/** Arms that used as much data would hide each other's intervals. */
function aside(arms: readonly string[], arm: string): number {
  return (arms.indexOf(arm) - (arms.length - 1) / 2) * 9;
}

function intervals(
  arms: readonly string[],
  { x, y, color }: { x: Part; y: Part; color: object },
): object[] {
  return arms.map((arm) => ({
    transform: [
      { filter: { field: "arm", equal: arm } },
      { filter: "isValid(datum.low)" },
    ],
    mark: { type: "rule", strokeWidth: 1.6, xOffset: aside(arms, arm) },
    encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
  }));
}

function tooltip(withIntervals: boolean): object[] {
  const lines = [
    tip("arm"),
    tip("dataUsed", "data used", ".1%"),
    tip("ndcg", "mean nDCG@10", ".4f"),
  ];
  if (withIntervals) {
    lines.push(tip("low", "from", ".4f"), tip("high", "to", ".4f"));
  }
  return lines;
}

/** Of more arms than these the title names the best one alone. */
const MOST_NAMED = 4;

function outcome(
  best: readonly { arm: string; dataUsed: number; ndcg: number }[],
): string {
  if (best.length > MOST_NAMED) {
    const top = best.reduce((a, b) => b.ndcg > a.ndcg ? b : a);
    return `Highest mean nDCG@10: ${top.arm} ${top.ndcg.toFixed(3)} with ${
      percent(top.dataUsed)
    } of the data; ${best[0]!.arm} ${best[0]!.ndcg.toFixed(3)}`;
  }
  const parts = best.map((row, i) =>
    `${row.arm} ${row.ndcg.toFixed(3)} (${percent(row.dataUsed)}${
      i === 0 ? " of the data" : ""
    })`
  );
  return `Mean nDCG@10: ${parts.join(", ")}`;
}
