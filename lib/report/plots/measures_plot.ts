import { names, quantity, rightColumn, rowAxis, tip } from "./marks/encode.ts";
import {
  type CheckedRow,
  maybe,
  readFields,
  refuseTwice,
  TEXT,
} from "./marks/fields.ts";
import { BLUE, VERMILLION } from "./marks/palette.ts";
import { formatNumber } from "./marks/grid.ts";
import {
  plot,
  type PlotOptions,
  type PlotSpec,
  ROW_HEIGHT,
} from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** One task by both variants of the measure; input of {@linkcode measuresPlot}. */
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
 * @throws {RangeError} If no value is known, a task appears twice, or a number is
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
  const checked = overMedians(readFields(rows, ACTION, FIELDS));
  refuseTwice(checked, "task", ACTION);
  const values = checked.flatMap((row) =>
    MEASURES.flatMap(({ field, label }) =>
      row.over[field] === null ? [] : [{
        task: row.task,
        measure: label,
        relative: row.over[field],
        value: row[field],
      }]
    )
  );
  if (values.length === 0) {
    throw new RangeError(
      `Cannot ${ACTION}: every value is unknown; were there reference losses?`,
    );
  }
  const weights = checked.flatMap(({ task, start, end }) =>
    start === null || end === null ? [] : [{
      task,
      label: `${formatNumber(start, 3)} → ${formatNumber(end, 3)}`,
    }]
  );
  const tasks = checked.map((row) => row.task);
  return plot(options, {
    action: ACTION,
    title: outcome(checked),
    subtitle: `Both on the same losses; dashed line: the median task${
      weights.length > 0 ? "; right: weight before → after" : ""
    }`,
    description: `Both variants of the measure on ${tasks.length} tasks.`,
    height: tasks.length * ROW_HEIGHT,
    view: () => {
      const { axis, bare } = rowAxis("task", tasks);
      const layer = layers(values.map((v) => v.relative));
      if (weights.length > 0) {
        layer.push({ data: { values: weights }, ...rightColumn(bare) });
      }
      return {
        data: { values },
        encoding: {
          y: { ...axis, axis: { domain: false, ticks: false, grid: true } },
        },
        layer,
      };
    },
  });
}

const FIELDS = {
  task: TEXT,
  released: maybe(0),
  ratioOfMeans: maybe(0),
  start: maybe(0),
  end: maybe(0),
} as const;

type Over = { released: number | null; ratioOfMeans: number | null };
type Measured = CheckedRow<typeof FIELDS> & { over: Over };

/** Rows with each measure over its median, the largest released one first. */
function overMedians(rows: readonly CheckedRow<typeof FIELDS>[]): Measured[] {
  const released = middle(rows.map((row) => row.released));
  const ratioOfMeans = middle(rows.map((row) => row.ratioOfMeans));
  const over = (value: number | null, by: number) =>
    value === null ? null : value / by;
  return rows.map((row) => ({
    ...row,
    over: {
      released: over(row.released, released),
      ratioOfMeans: over(row.ratioOfMeans, ratioOfMeans),
    },
  })).sort((a, b) =>
    (b.over.released ?? -1) - (a.over.released ?? -1) ||
    (b.over.ratioOfMeans ?? -1) - (a.over.ratioOfMeans ?? -1) ||
    (a.task < b.task ? -1 : 1)
  );
}

/**
 * Says on which side of the median tasks lie, and never that the measures agree:
 * with every task on the same side the weights may still differ, as they follow
 * the sizes too.
 */
function outcome(rows: readonly Measured[]): string {
  const both = rows.flatMap(({ task, over: { released, ratioOfMeans } }) =>
    released === null || ratioOfMeans === null
      ? []
      : [{ task, released, ratioOfMeans }]
  );
  if (both.length === 0) return "No task has both measures";
  const apart =
    both.filter((row) => (row.released > 1) !== (row.ratioOfMeans > 1)).length;
  if (apart > 0) {
    return `The two measures disagree on ${apart} of ${both.length} tasks: above the median by one, below it by the other`;
  }
  const factor = (row: typeof both[number]) => {
    const ratio = row.released / row.ratioOfMeans;
    return Number.isFinite(ratio) && ratio > 0 ? Math.max(ratio, 1 / ratio) : 1;
  };
  const far = both.reduce((top, row) => factor(row) > factor(top) ? row : top);
  const sides = both.length === 1
    ? "one task, which is the median of both"
    : `the same tasks of ${both.length} above the median`;
  return factor(far) < 1.005
    ? `Both measures put ${sides}`
    : `Both measures put ${sides}, but by different amounts: up to a factor of ${
      factor(far).toPrecision(2)
    } (${far.task})`;
}

function layers(sizes: readonly number[]): object[] {
  const low = Math.min(...sizes), high = Math.max(...sizes);
  const wide = low > 0 && high / low > WIDE;
  const x = quantity("relative", {
    title: `measure over its median over the tasks (no unit${
      wide ? "; logarithmic" : ""
    })`,
    // Fewer ticks than a logarithm has digits, and none below the data.
    scale: wide ? { type: "log", nice: false, padding: 12 } : { zero: true },
    axis: wide ? { tickCount: 5, format: "~g" } : { tickCount: 6 },
  });
  const domain = MEASURES.map((m) => m.label);
  return [
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
        x: quantity("relative"),
        y: { value: 0 },
        y2: { value: "height" },
      },
    },
    {
      mark: { type: "point", filled: true, size: 95, opacity: 0.95 },
      encoding: {
        x,
        color: names("measure", {
          scale: { domain, range: [BLUE, VERMILLION] },
          legend: { orient: "top", title: null, offset: 6, columns: 2 },
        }),
        shape: names("measure", {
          scale: { domain, range: ["circle", "diamond"] },
        }),
        tooltip: [
          tip("task"),
          tip("measure"),
          tip("relative", "over its median", ".3~g"),
          tip("value", "value", ".4~g"),
        ],
      },
    },
  ];
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
