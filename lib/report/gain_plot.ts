import { needNumber, needRows, textField } from "./_rows.ts";
import { armEncoding, orderArms } from "./_palette.ts";
import {
  checkSize,
  plot,
  PLOT_WIDTH,
  type PlotOptions,
  type PlotSpec,
} from "./plot_spec.ts";
import type { Rows } from "./rows.ts";

/** What one training run cost in data and gave; input of {@linkcode gainPlot}. */
export interface GainRow {
  /** What was trained, e.g. `"uniform"`, `"reweighted"`, `"top70"`. */
  arm: string;
  /** Share of the training rows used, in [0, 1]. */
  dataUsed: number;
  /** Mean nDCG@10 over the tasks, in [0, 1]. */
  ndcg: number;
}

const ACTION = "plot quality against data used";

/**
 * Mean nDCG@10 against the share of the training data used: a point a row, a
 * line through the points of an arm that has several, and a dashed line at the
 * best value of the first arm (`uniform` if there is one).
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
 *   { arm: "top70", dataUsed: 0.7, ndcg: 0.51 },
 * ]);
 * assert.match(spec.title.text.join(" "), /top70 0\.510 \(70%\)/);
 * ```
 */
export function gainPlot(
  rows: Rows<GainRow>,
  options: PlotOptions = {},
): PlotSpec {
  checkSize(options, ACTION);
  const given = needRows(rows, ACTION).map((row, i) => ({
    arm: textField(row, "arm", i, ACTION),
    dataUsed: needNumber(row, "dataUsed", i, ACTION, [0, 1]),
    ndcg: needNumber(row, "ndcg", i, ACTION, [0, 1]),
  }));
  const arms = orderArms(given.map((row) => row.arm));
  const values = arms.flatMap((arm) =>
    given.filter((row) => row.arm === arm).sort((a, b) =>
      a.dataUsed - b.dataUsed
    )
  );
  const best = arms.map((arm) =>
    values.filter((row) => row.arm === arm)
      .reduce((top, row) => row.ndcg > top.ndcg ? row : top)
  );
  const severalOf = arms.some((arm) =>
    new Set(values.filter((r) => r.arm === arm).map((r) => r.dataUsed)).size > 1
  );
  const title = options.title ??
    `Mean nDCG@10: ${
      best.map((row, i) =>
        `${row.arm} ${row.ndcg.toFixed(3)} (${percent(row.dataUsed)}${
          i === 0 ? " of the data" : ""
        })`
      ).join(", ")
    }`;
  const width = options.width ?? PLOT_WIDTH;
  const x = {
    field: "dataUsed",
    type: "quantitative",
    title: "training data used (% of rows)",
    scale: { domain: [0, 1] },
    axis: { format: ".0%", values: [0, 0.2, 0.4, 0.6, 0.8, 1] },
  };
  const y = {
    field: "ndcg",
    type: "quantitative",
    title: "mean nDCG@10 (0 to 1)",
    // Room above and below, so that no point lies on the frame.
    scale: { zero: false, nice: true, padding: 16 },
  };
  const { color, shape } = armEncoding(arms, width);
  const reference = {
    ndcg: best[0]!.ndcg,
    label: `${arms[0]} ${best[0]!.ndcg.toFixed(3)}`,
  };
  return plot({
    title,
    subtitle: options.subtitle ??
      `Further up is better, further left takes less data; dashed line: ${
        arms[0]
      }`,
    description: `Mean nDCG@10 against share of training data. ${title}.`,
    width,
    height: options.height ?? 300,
    parts: {
      data: { values },
      layer: [
        {
          data: { values: [reference] },
          mark: { type: "rule", style: "reference-line" },
          encoding: { y },
        },
        {
          data: { values: [reference] },
          mark: {
            type: "text",
            align: "left",
            baseline: "bottom",
            dy: -4,
            dx: 4,
            style: "reference-label",
          },
          encoding: {
            y,
            x: { value: 0 },
            text: { field: "label", type: "nominal" },
          },
        },
        ...(severalOf
          ? [{
            mark: { type: "line", strokeWidth: 2 },
            encoding: { x, y, color },
          }]
          : []),
        {
          mark: { type: "point", filled: true, size: 130, opacity: 1 },
          encoding: {
            x,
            y,
            color,
            shape,
            tooltip: [
              { field: "arm", type: "nominal" },
              {
                field: "dataUsed",
                type: "quantitative",
                format: ".1%",
                title: "data used",
              },
              {
                field: "ndcg",
                type: "quantitative",
                format: ".4f",
                title: "mean nDCG@10",
              },
            ],
          },
        },
      ],
    },
  });
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))}%`;
}
