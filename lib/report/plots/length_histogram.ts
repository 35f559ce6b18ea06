import { percent, quantity, referenceLine, tip } from "./marks/encode.ts";
import { maybe, MAYBE_TEXT, number, readFields } from "./marks/fields.ts";
import {
  type Bin,
  growingBins,
  roundBins,
  weightedQuantile,
} from "./marks/bins.ts";
import { armEncoding } from "./marks/palette.ts";
import { plot, type PlotOptions, type PlotSpec } from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** A text, or several of the same length; input of {@linkcode lengthHistogram}. */
export interface LengthRow {
  /** Length, ≥ 0, in the plot's unit. */
  length: number;
  /** How many texts have it. @default {1} */
  count?: number;
  /** What the texts are, e.g. `"queries"`, or a task; a line each. */
  kind?: string;
}

/** Options for {@linkcode lengthHistogram}. */
export interface LengthHistogramOptions extends PlotOptions {
  /** What is counted. @default {"tokens"} */
  unit?: string;
  /** Length at which texts are cut, marked by a line. */
  limit?: number;
  /** About how many bins. @default {40} */
  bins?: number;
}

const ACTION = "plot lengths";

/**
 * How long texts are: the share of the texts in each bin, a line a kind. The
 * axis ends at the length that 99.5 % of a kind stay below (the rest is in the
 * last bin), so that one long text doesn't press all others to the left.
 *
 * @param rows One row a text, or a length with its count.
 * @param options Heading, size, unit, limit.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows or a number is out of range.
 *
 * @example Usage
 * ```ts
 * import { lengthHistogram } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = lengthHistogram([
 *   { kind: "queries", length: 8, count: 90 },
 *   { kind: "queries", length: 40, count: 10 },
 * ], { limit: 32 });
 * assert.match(spec.title.text.join(" "), /queries: half within 8 tokens, 10% cut at 32/);
 * ```
 */
export function lengthHistogram(
  rows: Rows<LengthRow>,
  { unit = "tokens", limit, bins: binCount = 40, ...options }:
    LengthHistogramOptions = {},
): PlotSpec {
  checkOptions(limit, binCount);
  const lengths = readFields(rows, ACTION, {
    length: number(0),
    count: maybe(0),
    kind: MAYBE_TEXT,
  }).map(({ length, count, kind }) => ({
    value: length,
    weight: count ?? 1,
    kind: kind ?? "texts",
  }));
  const byKind = Map.groupBy(lengths, (row) => row.kind);
  const binning = chooseBins([...byKind.values()], { limit, binCount });
  const values = [...byKind].flatMap(([kind, ofKind]) =>
    binRows(ofKind, binning).map((row) => ({ arm: kind, ...row }))
  );
  const titles = [...byKind].map(([kind, ofKind]) =>
    outcome(kind, ofKind, { unit, limit })
  );
  return plot(options, {
    action: ACTION,
    title: titles.slice(0, 3).join("; "),
    subtitle: limit === undefined
      ? ""
      : `Dashed line: texts are cut at ${limit} ${unit}`,
    description: `Histogram of lengths in ${unit}, ${byKind.size} ${
      byKind.size === 1 ? "kind" : "kinds"
    } of texts.`,
    height: 240,
    view: ({ width }) => {
      const layer = layers([...byKind.keys()], { unit, binning, width });
      if (limit !== undefined) {
        const reference = referenceLine({
          channel: "x",
          value: limit,
          label: `limit ${limit}`,
          labelAt: 2,
          text: { align: "right", baseline: "top", dx: -5 },
        });
        layer.push(...reference);
      }
      return { data: { values }, layer };
    },
  });
}

/** Lengths, each with the number of texts that have it. */
type Lengths = readonly { value: number; weight: number }[];

/** Bins, and whether they grow and lie on a logarithmic axis. */
interface Binning {
  bins: Bin[];
  log: boolean;
}

function chooseBins(
  kinds: readonly Lengths[],
  { limit = 0, binCount }: { limit?: number; binCount: number },
): Binning {
  const end = Math.max(
    limit,
    ...kinds.map((ofKind) => weightedQuantile(ofKind, 0.995)),
  );
  const least = Math.min(
    ...kinds.map((ofKind) => weightedQuantile(ofKind, 0.5)),
  );
  // Where one kind is much shorter than another, equal bins would show it as
  // a single one.
  const log = end > MANY_TIMES * Math.max(1, least);
  return {
    bins: log ? growingBins(end, binCount) : roundBins(end, binCount),
    log,
  };
}

/** The texts of a kind by bin; what is past the last bin falls into it. */
function binRows(lengths: Lengths, { bins, log }: Binning) {
  const last = bins.length - 1;
  const total = lengths.reduce((sum, row) => sum + row.weight, 0) || 1;
  const counts = bins.map(() => 0);
  for (const { value, weight } of lengths) {
    const bin = bins.findIndex(({ to }) => value < to);
    counts[bin < 0 ? last : bin]! += weight;
  }
  return bins.map(({ from, to }, b) => ({
    // A logarithmic axis has no 0.
    at: log ? Math.max(from, LOG_START) : from,
    from,
    to,
    count: counts[b]!,
    share: counts[b]! / total,
    range: b === last
      ? `${from} or more`
      : to - from === 1
      ? String(from)
      : `${from} to ${to - 1}`,
  }));
}

function lengthAxis(unit: string, { bins, log }: Binning) {
  const end = bins.at(-1)!.to;
  return log
    ? quantity("at", {
      title: `length (${unit}; logarithmic, the last bin open)`,
      scale: { type: "log", domain: [LOG_START, end], nice: false },
      axis: { format: ",d", grid: false, values: doublings(end) },
    })
    : quantity("at", {
      title: `length (${unit}; bins of ${bins[0]!.to}, the last one open)`,
      scale: { domain: [0, end], nice: false },
      axis: { format: ",d", grid: false, tickCount: 8 },
    });
}

function layers(
  kinds: readonly string[],
  { unit, binning, width }: { unit: string; binning: Binning; width: number },
): object[] {
  const x = lengthAxis(unit, binning);
  const y = quantity("share", {
    title: "share of the texts (%)",
    axis: { format: ".0~%", tickCount: 5 },
  });
  const { color } = armEncoding(["", ...kinds], width);
  return [
    {
      mark: {
        type: "area",
        interpolate: "step-after",
        opacity: kinds.length > 1 ? 0.12 : 0.5,
        line: { strokeWidth: 2 },
      },
      encoding: {
        x,
        y: { ...y, stack: null },
        color: kindColor(color, kinds),
      },
    },
    // What the pointer meets: the whole height of a bin.
    {
      mark: { type: "bar", opacity: 0 },
      encoding: {
        x: { ...x, bin: { binned: true } },
        x2: { field: "to" },
        y: { ...y, stack: null },
        tooltip: [
          tip("arm", "texts"),
          tip("range", unit),
          tip("count", "count", ","),
          tip("share", "share", ".2%"),
        ],
      },
    },
  ];
}

/** Where a logarithmic axis begins, which has no 0. */
const LOG_START = 0.7;

/** From this ratio of the axis's end to the shortest kind on, bins grow. */
const MANY_TIMES = 16;

/** 1, 2, 4, … up to a number. */
function doublings(high: number): number[] {
  const count = Math.floor(Math.log2(high)) + 1;
  return Array.from({ length: count }, (_, e) => 2 ** e);
}

/** Colours of the kinds: none is a baseline, so none is grey. */
function kindColor(color: object, kinds: readonly string[]): object {
  const { scale, legend, ...rest } = color as {
    scale: { range: string[] };
    legend: object;
  };
  return {
    ...rest,
    scale: { domain: kinds, range: scale.range.slice(1) },
    legend: kinds.length > 1
      ? { ...legend, symbolOpacity: 1, symbolType: "square" }
      : null,
  };
}

function outcome(
  kind: string,
  lengths: Lengths,
  { unit, limit }: { unit: string; limit?: number },
): string {
  const half = weightedQuantile(lengths, 0.5);
  const fact = limit === undefined
    ? `95% within ${weightedQuantile(lengths, 0.95)}`
    : `${percent(shareAbove(lengths, limit))} cut at ${limit}`;
  return `${kind}: half within ${half} ${unit}, ${fact}`;
}

function shareAbove(lengths: Lengths, limit: number): number {
  const total = lengths.reduce((sum, row) => sum + row.weight, 0) || 1;
  const above = lengths.reduce(
    (sum, row) => row.value > limit ? sum + row.weight : sum,
    0,
  );
  return above / total;
}

function checkOptions(limit: number | undefined, bins: number): void {
  if (limit !== undefined && !(limit > 0 && limit < Infinity)) {
    throw new RangeError(
      `Cannot ${ACTION}: limit must be a number above 0: got ${limit}`,
    );
  }
  if (!Number.isInteger(bins) || bins < 2 || bins > 500) {
    throw new RangeError(
      `Cannot ${ACTION}: bins must be a whole number from 2 to 500: got ${bins}`,
    );
  }
}
