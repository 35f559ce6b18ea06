import { quantity, tip } from "./marks/encode.ts";
import { maybe, number, readFields, TEXT } from "./marks/fields.ts";
import { armEncoding, orderArms } from "./marks/palette.ts";
import { plot, type PlotOptions, type PlotSpec } from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** A training, or a point of a law; input of {@linkcode scalingLawPlot}. */
export interface ScalingLawRow {
  /** Parameters, > 0. */
  size: number;
  /** The amount of data, in words: a line each. */
  data: string;
  /** Contrastive entropy in nats. */
  loss: number;
  /** What it is: a training, the law where there were trainings, or beyond them. */
  kind: "measured" | "law" | "beyond";
  /** Lower end of the law's interval. */
  low?: number | null;
  /** Upper end of it. */
  high?: number | null;
}

const ACTION = "plot a scaling law";

const KINDS = ["measured", "law", "beyond"];

/**
 * A law of scaling over the trainings that it was fitted to: a line for each amount
 * of data, dashed and with a hatched band where nothing was measured.
 *
 * @param rows Trainings, and points of the law.
 * @param options Heading and width.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows, or a number is missing or out of range.
 *
 * @example Usage
 * ```ts
 * import { scalingLawPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = scalingLawPlot([
 *   { size: 1e5, data: "10k", loss: 2, kind: "measured" },
 *   { size: 1e5, data: "10k", loss: 2.1, kind: "law", low: 2, high: 2.2 },
 *   { size: 1e6, data: "10k", loss: 1.5, kind: "beyond", low: 1.2, high: 1.8 },
 * ]);
 * assert.match(spec.title.text.join(" "), /at 1M parameters by the law: 1\.50 on 10k/);
 * ```
 */
export function scalingLawPlot(
  rows: Rows<ScalingLawRow>,
  options: PlotOptions = {},
): PlotSpec {
  const values = readFields(rows, ACTION, {
    size: number(0),
    data: TEXT,
    loss: number(),
    kind: TEXT,
    low: maybe(),
    high: maybe(),
  });
  for (const { size, kind } of values) {
    if (size > 0 && KINDS.includes(kind)) continue;
    throw new RangeError(
      `Cannot ${ACTION}: size must be > 0 and kind one of ${
        KINDS.join(", ")
      }: got ${size} and ${kind}`,
    );
  }
  const amounts = orderArms(values.map(({ data }) => data));
  const x = quantity("size", {
    title: "parameters without token tables (logarithmic)",
    scale: { type: "log", nice: false, padding: 16 },
    axis: { format: "~s", tickCount: 6, grid: false },
  });
  const y = quantity("loss", {
    title: "contrastive entropy (nats)",
    scale: { zero: false, nice: true },
  });
  const only = (...kinds: string[]) => ({
    transform: [{ filter: { field: "kind", oneOf: kinds } }],
  });
  return plot(options, {
    action: ACTION,
    title: outcome(values, amounts),
    subtitle:
      "Points: trainings; lines: the law with its interval, dashed and hatched where nothing was measured",
    description: "Contrastive entropy against parameters, by amount of data.",
    height: 300,
    view: ({ width }) => {
      const { color } = armEncoding(amounts, width);
      const look = color as { legend: object };
      const shade = {
        ...look,
        field: "data",
        // The same in every layer: one without would take it from all. Its symbols
        // are the bands', which are pale.
        legend: { ...look.legend, title: "training queries", symbolOpacity: 1 },
      };
      const band = {
        x,
        y: { ...y, field: "low" },
        y2: { field: "high" },
        color: shade,
      };
      return {
        data: { values },
        layer: [
          {
            ...only("law"),
            mark: { type: "area", opacity: 0.15 },
            encoding: band,
          },
          {
            // Hatched: rules from end to end, with gaps between them.
            ...only("beyond"),
            mark: { type: "rule", opacity: 0.5, strokeDash: [2, 2] },
            encoding: band,
          },
          {
            ...only("law"),
            mark: { type: "line", strokeWidth: 2 },
            encoding: { x, y, color: shade },
          },
          {
            ...only("beyond"),
            mark: { type: "line", strokeWidth: 2, strokeDash: [5, 4] },
            encoding: { x, y, color: shade },
          },
          {
            ...only("measured"),
            mark: { type: "point", filled: true, size: 70, opacity: 1 },
            encoding: {
              x,
              y,
              color: shade,
              tooltip: [
                tip("data", "training queries"),
                tip("size", "parameters", ",.4~s"),
                tip("loss", "contrastive entropy", ".3f"),
              ],
            },
          },
        ],
      };
    },
  });
}

/** The loss at the largest size of each line, by the law if there is one. */
function outcome(
  rows: readonly { size: number; data: string; loss: number; kind: string }[],
  amounts: readonly string[],
): string {
  const short = new Intl.NumberFormat("en-US", {
    notation: "compact",
    maximumSignificantDigits: 3,
  });
  const last = rows.reduce((a, b) => b.size > a.size ? b : a);
  const losses = amounts.slice(0, 4).flatMap((amount) => {
    const own = rows.find(({ data, size }) =>
      data === amount && size === last.size
    );
    return own ? [`${own.loss.toFixed(2)} on ${amount}`] : [];
  });
  const how = last.kind === "measured" ? "" : " by the law";
  return `Entropy at ${short.format(last.size)} parameters${how}: ${
    losses.join(", ")
  } training queries`;
}
