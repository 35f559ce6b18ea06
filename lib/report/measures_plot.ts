import { needRows, numberField, textField } from "./_rows.ts";
import { BLUE, VERMILLION } from "./_palette.ts";
import { formatNumber } from "./_grid.ts";
import {
  checkSize,
  plot,
  PLOT_WIDTH,
  type PlotOptions,
  type PlotSpec,
} from "./plot_spec.ts";
import type { Rows } from "./rows.ts";

/** One task by both readings of the measure; input of {@linkcode measuresPlot}. */
export interface MeasureRow {
  /** Task name, once. */
  task: string;
  /** Measure as tDRO's code takes it, ≥ 0; null if unknown. */
  released: number | null;
  /** Measure as tDRO's paper takes it, ≥ 0; null if unknown. */
  ratioOfMeans: number | null;
  /** Domain weight before learning; null or absent if unknown. */
  start?: number | null;
  /** Domain weight after learning; null or absent if unknown. */
  end?: number | null;
}

const ACTION = "plot measures";

/** The two readings, in the order of the legend. */
const MEASURES = [
  { field: "released", label: "released (code)" },
  { field: "ratioOfMeans", label: "ratio of means (paper)" },
] as const;

/** Largest value over smallest from which the axis is logarithmic. */
const WIDE = 20;

/**
 * Both readings of tDRO's measure side by side, a line a task. Their scales
 * have nothing to do with each other, and only the direction moves the weights,
 * so each value is divided by the median of its measure over the tasks (a mean
 * would be that of one far task). The tasks that the released measure favours most are on top; at the right, if known,
 * the weight before and after. The axis is logarithmic where values differ by
 * more than a factor of 20 and none is 0.
 *
 * @param rows One row a task, e.g. those of `explainWeights`.
 * @param options Heading and size.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If no value is known, a task comes twice, or a number is
 * out of range.
 *
 * @example Usage
 * ```ts
 * import { measuresPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = measuresPlot([
 *   { task: "node-api", released: 300, ratioOfMeans: 1 },
 *   { task: "dom-prose", released: 100, ratioOfMeans: 3 },
 * ]);
 * assert.match(spec.title.text.join(" "), /disagree on 2 of 2 tasks/);
 * ```
 */
export function measuresPlot(
  rows: Rows<MeasureRow>,
  options: PlotOptions = {},
): PlotSpec {
  checkSize(options, ACTION);
  const bounds = [0, Infinity] as const;
  const given = needRows(rows, ACTION).map((row, i) => ({
    task: textField(row, "task", i, ACTION),
    released: numberField(row, "released", i, ACTION, bounds),
    ratioOfMeans: numberField(row, "ratioOfMeans", i, ACTION, bounds),
    start: numberField(row, "start", i, ACTION, bounds),
    end: numberField(row, "end", i, ACTION, bounds),
  }));
  const twice = given.find((row, i) =>
    given.findIndex((other) => other.task === row.task) !== i
  );
  if (twice) {
    throw new RangeError(
      `Cannot ${ACTION}: task ${
        JSON.stringify(twice.task)
      } comes twice; give one row a task`,
    );
  }
  const middles = {
    released: middle(given.map((row) => row.released)),
    ratioOfMeans: middle(given.map((row) => row.ratioOfMeans)),
  };
  const over = (row: typeof given[number], field: keyof typeof middles) =>
    row[field] === null ? null : row[field] / middles[field];
  given.sort((a, b) =>
    (over(b, "released") ?? -1) - (over(a, "released") ?? -1) ||
    (over(b, "ratioOfMeans") ?? -1) - (over(a, "ratioOfMeans") ?? -1) ||
    (a.task < b.task ? -1 : 1)
  );
  const tasks = given.map((row) => row.task);
  const values = given.flatMap((row) =>
    MEASURES.flatMap(({ field, label }) => {
      const relative = over(row, field);
      return relative === null ? [] : [{
        task: row.task,
        measure: label,
        relative,
        value: row[field],
      }];
    })
  );
  if (values.length === 0) {
    throw new RangeError(
      `Cannot ${ACTION}: every value is unknown; were there reference losses?`,
    );
  }
  const weights = given.flatMap(({ task, start, end }) =>
    start === null || end === null ? [] : [{
      task,
      label: `${formatNumber(start, 3)} → ${formatNumber(end, 3)}`,
    }]
  );
  const sizes = values.map((v) => v.relative);
  const low = Math.min(...sizes), high = Math.max(...sizes);
  const wide = low > 0 && high / low > WIDE;
  const compared = given.flatMap((row) => {
    const a = over(row, "released"), b = over(row, "ratioOfMeans");
    return a === null || b === null ? [] : [(a > 1) !== (b > 1)];
  });
  const apart = compared.filter(Boolean).length;
  const title = options.title ??
    (apart === 0
      ? `The two measures agree on which of the ${tasks.length} tasks lie above the median`
      : `The two measures disagree on ${apart} of ${compared.length} tasks: above the median by one, below it by the other`);
  const width = options.width ?? PLOT_WIDTH;
  const y = {
    field: "task",
    type: "nominal",
    title: null,
    scale: { domain: tasks },
  };
  const x = {
    field: "relative",
    type: "quantitative",
    title: `measure over its median over the tasks (no unit${
      wide ? "; logarithmic" : ""
    })`,
    // Fewer ticks than a logarithm has digits, and none below the data.
    scale: wide ? { type: "log", nice: false, padding: 12 } : { zero: true },
    axis: wide ? { tickCount: 5, format: "~g" } : { tickCount: 6 },
  };
  const domain = MEASURES.map((m) => m.label);
  const measure = { field: "measure", type: "nominal" };
  return plot({
    title,
    subtitle: options.subtitle ??
      `Both on the same losses; dashed line: the median task${
        weights.length > 0 ? "; right: weight before → after" : ""
      }`,
    description:
      `Both readings of the measure on ${tasks.length} tasks. ${title}.`,
    width,
    height: options.height ?? tasks.length * 24,
    parts: {
      data: { values },
      encoding: {
        y: { ...y, axis: { domain: false, ticks: false, grid: true } },
      },
      layer: [
        {
          mark: { type: "rule", strokeWidth: 2, opacity: 0.35 },
          encoding: {
            x: { ...x, aggregate: "min" },
            x2: { aggregate: "max", field: "relative" },
          },
        },
        {
          data: { values: [{ relative: 1 }] },
          mark: { type: "rule", style: "reference-line" },
          encoding: {
            x: { field: "relative", type: "quantitative" },
            y: { value: 0 },
            y2: { value: "height" },
          },
        },
        {
          mark: { type: "point", filled: true, size: 95, opacity: 0.95 },
          encoding: {
            x,
            color: {
              ...measure,
              scale: { domain, range: [BLUE, VERMILLION] },
              legend: { orient: "top", title: null, offset: 6 },
            },
            shape: {
              ...measure,
              scale: { domain, range: ["circle", "diamond"] },
            },
            tooltip: [
              { field: "task", type: "nominal" },
              { field: "measure", type: "nominal" },
              {
                field: "relative",
                type: "quantitative",
                format: ".3~g",
                title: "over its median",
              },
              { field: "value", type: "quantitative", format: ".4~g" },
            ],
          },
        },
        ...(weights.length === 0 ? [] : [{
          data: { values: weights },
          mark: { type: "text", align: "left", dx: 8, style: "value-label" },
          encoding: {
            y,
            x: { value: width },
            text: { field: "label", type: "nominal" },
          },
        }]),
      ],
    },
  });
}

/** Median of the known values; where it's 0, the mean, or 1: to divide by. */
function middle(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const half = (known.length - 1) / 2;
  const median = known.length === 0
    ? 0
    : (known[Math.floor(half)]! + known[Math.ceil(half)]!) / 2;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return median || mean || 1;
}
