import { NDCG_TITLE } from "./marks/encode.ts";
import { maybe, number, readFields, TEXT } from "./marks/fields.ts";
import type { PlotOptions, PlotSpec } from "./plot_spec.ts";
import type { Rows } from "../rows.ts";
import { scalingPlot } from "./scaling_plot.ts";

/** Vectors of one size; input of {@linkcode sizesPlot}. */
export interface SizeRow {
  /** How each component is kept, e.g. `"int8"`. */
  precision: string;
  /** Passages found for each one wanted and scored again; 0: none. */
  rescore: number;
  /** Bytes of a passage's vectors, > 0. */
  bytes: number;
  /** What they score, in the metric's unit. */
  score: number;
  /** Lower end of the interval of `score`. */
  low?: number | null;
  /** Upper end of the interval. */
  high?: number | null;
}

/** Options for {@linkcode sizesPlot}. */
export interface SizesPlotOptions extends PlotOptions {
  /** What `score` is, with its unit. @default {"nDCG@10 (0 to 1)"} */
  metric?: string;
}

/**
 * What smaller vectors cost: scores against bytes, a line for each way to keep a
 * component.
 *
 * @param rows One row a size, e.g. from `tdro eval --dims --precisions`.
 * @param options Heading, size, the metric's name.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows or a number is missing or out of range.
 *
 * @example Usage
 * ```ts
 * import { sizesPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = sizesPlot([
 *   { precision: "float32", rescore: 0, bytes: 1536, score: 0.41 },
 *   { precision: "int8", rescore: 0, bytes: 384, score: 0.409 },
 *   { precision: "binary", rescore: 4, bytes: 48, score: 0.39 },
 * ]);
 * assert.match(spec.title.text.join(" "), /binary, rescored 0\.390 at 48/);
 * ```
 */
export function sizesPlot(
  rows: Rows<SizeRow>,
  { metric = NDCG_TITLE, ...options }: SizesPlotOptions = {},
): PlotSpec {
  const read = readFields(rows, "plot scores against bytes", {
    precision: TEXT,
    rescore: number(0),
    bytes: number(1),
    score: number(),
    low: maybe(),
    high: maybe(),
  });
  return scalingPlot(
    read.map(({ precision, rescore, bytes, score, ...interval }) => ({
      arm: rescore > 0 ? `${precision}, rescored` : precision,
      size: bytes,
      quality: score,
      ...interval,
    })),
    { sizeName: "bytes per vector", qualityName: metric, ...options },
  );
}
