import {
  quantity,
  referenceLine,
  rightColumn,
  rowAxis,
  tip,
} from "./marks/encode.ts";
import {
  maybe,
  MAYBE_TEXT,
  number,
  readFields,
  refuseHalfIntervals,
  refuseTwice,
  TEXT,
} from "./marks/fields.ts";
import { BLUE, VERMILLION } from "./marks/palette.ts";
import { plot, type PlotOptions, type PlotSpec } from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** One piece of work, timed here and in a peer; input of {@linkcode benchPlot}. */
export interface BenchRow {
  /** What was done, e.g. `"training step, MiniLM, 32 × 64"`. */
  work: string;
  /** What it took here, in the plot's unit; null or absent if unknown. */
  ours?: number | null;
  /** What it took the peer, in the same unit. */
  peer?: number | null;
  /** How many times as fast as the peer this is, > 0: above 1 is faster. */
  ratio: number;
  /** Ratio that was aimed at, > 0. */
  target?: number | null;
  /** Lower end of the ratio's spread over repetitions. */
  low?: number | null;
  /** Upper end of the spread. */
  high?: number | null;
  /** The peer's name, where rows have several. */
  peerName?: string;
}

/** Options for {@linkcode benchPlot}. */
export interface BenchPlotOptions extends PlotOptions {
  /** Unit of `ours` and `peer`. @default {"ms"} */
  unit?: string;
  /** Who the peer is. @default {"the peer"} */
  peer?: string;
}

const ACTION = "plot a benchmark";

/**
 * How fast each piece of work is beside a peer: a bar from 1 (as fast) to the
 * ratio on a logarithmic axis, a thin line for its spread, a tick where the
 * target is. Blue where the target is met (or, without one, where it is at least
 * as fast), vermillion where it isn't; at the right both times.
 *
 * @param rows One row a piece of work, in the order of the plot.
 * @param options Heading, size, unit, the peer's name.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows, work appears twice, or a number is
 * missing or not above 0.
 *
 * @example Usage
 * ```ts
 * import { benchPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = benchPlot([
 *   { work: "encode", ours: 10, peer: 20, ratio: 2, low: 1.8, high: 2.2, target: 1.5 },
 *   { work: "train", ours: 20, peer: 16, ratio: 0.8, target: 1 },
 * ], { peer: "PyTorch" });
 * assert.match(spec.title.text.join(" "), /1 of 2 pieces of work meet their target/);
 * ```
 */
export function benchPlot(
  rows: Rows<BenchRow>,
  { unit = "ms", peer = "the peer", ...options }: BenchPlotOptions = {},
): PlotSpec {
  const checked = readFields(rows, ACTION, {
    work: TEXT,
    ours: maybe(0),
    peer: maybe(0),
    ratio: number(Number.MIN_VALUE),
    target: maybe(Number.MIN_VALUE),
    low: maybe(Number.MIN_VALUE),
    high: maybe(Number.MIN_VALUE),
    peerName: MAYBE_TEXT,
  });
  refuseTwice(checked, "work", ACTION);
  refuseHalfIntervals(checked, ACTION);
  const values = checked.map((row) => ({
    ...row,
    met: row.ratio >= (row.target ?? 1),
    label: [
      `×${short(row.ratio)}`,
      row.ours === null || row.peer === null
        ? ""
        : `${short(row.ours)} against ${short(row.peer)} ${unit}`,
      row.peerName === null ? "" : `(${row.peerName})`,
    ].filter((part) => part !== "").join(" · "),
  }));
  // The axis holds every mark, and the 1 that bars begin at.
  const ratios = values.flatMap((row) => [
    row.ratio,
    row.target,
    row.low,
    row.high,
    1,
  ]).filter((ratio) => ratio !== null);
  const low = Math.min(...ratios) / 1.08, high = Math.max(...ratios) * 1.08;
  const { axis, bare } = rowAxis("work", values.map((row) => row.work));
  const targets = values.some((row) => row.target !== null);
  return plot(options, {
    action: ACTION,
    title: outcome(values, peer),
    subtitle: `Bar: speed over that of ${peer} (logarithmic)${
      values.some((row) => row.low !== null) ? "; thin line: spread" : ""
    }${targets ? "; thick tick: target" : ""}`,
    description: `Speed of ${values.length} pieces of work over ${peer}.`,
    height: values.length * 26,
    view: () => {
      const layer: object[] = bars([low, high], peer, unit).map(onLine(axis));
      if (targets) layer.push(onLine(bare)(TARGET));
      const reference = referenceLine({
        channel: "x",
        value: 1,
        label: peer,
        labelAt: -3,
        text: { align: "center", baseline: "bottom" },
      });
      layer.push(...reference, rightColumn(bare));
      return { data: { values }, layer };
    },
  });
}

interface Layer extends Record<string, unknown> {
  encoding: object;
}

/** Gives a layer its line. */
function onLine(y: object): (layer: Layer) => Layer {
  return (layer) => ({
    ...layer,
    encoding: { y, ...layer.encoding },
  });
}

/** The tick at the ratio aimed at. */
const TARGET = {
  transform: [{ filter: "isValid(datum.target)" }],
  mark: {
    type: "tick",
    orient: "vertical",
    thickness: 3,
    size: 20,
    opacity: 1,
  },
  encoding: { x: quantity("target") },
};

function bars(
  domain: [number, number],
  peer: string,
  unit: string,
): Layer[] {
  const x = quantity("ratio", {
    title: `times as fast as ${peer} (no unit)`,
    scale: { type: "log", domain, nice: false },
    axis: { format: "~g", values: ticks(domain) },
  });
  const tooltip = [
    tip("work"),
    tip("ratio", "times as fast", ".3~g"),
    tip("target", "target", ".3~g"),
    tip("ours", `here (${unit})`, ".4~g"),
    tip("peer", `${peer} (${unit})`, ".4~g"),
  ];
  return [
    {
      mark: { type: "bar", height: { band: 0.62 } },
      encoding: {
        x,
        x2: { datum: 1 },
        color: {
          condition: { test: "datum.met", value: BLUE },
          value: VERMILLION,
        },
        tooltip,
      },
    },
    {
      transform: [{ filter: "isValid(datum.low)" }],
      mark: { type: "rule", strokeWidth: 1.6 },
      encoding: { x: { ...x, field: "low" }, x2: { field: "high" }, tooltip },
    },
  ];
}

/** Round ratios within the axis: at least three, at most nine. */
function ticks([low, high]: readonly [number, number]): number[] {
  const fine = [0.25, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4];
  const coarse = [1, 2, 5].flatMap((n) =>
    [-3, -2, -1, 0, 1, 2, 3].map((e) => Number((n * 10 ** e).toPrecision(1)))
  ).sort((a, b) => a - b);
  const within = (values: number[]) =>
    values.filter((v) => v >= low && v <= high);
  const many = high / low > 8 ? within(coarse) : within(fine);
  return many.length <= 9
    ? many
    : many.filter((v) => v === 1 || Number.isInteger(Math.log10(v)));
}

function outcome(
  rows: readonly { met: boolean; ratio: number; target: number | null }[],
  peer: string,
): string {
  const met = rows.filter((row) => row.met).length;
  const mean = Math.exp(
    rows.reduce((sum, row) => sum + Math.log(row.ratio), 0) / rows.length,
  );
  const all = rows.every((row) => row.target !== null);
  return `${met} of ${rows.length} pieces of work ${
    all
      ? "meet their target"
      : `meet their target (or keep up with ${peer}, without one)`
  }; ×${mean.toPrecision(3)} in the geometric mean`;
}

function short(value: number): string {
  return value >= 1000
    ? Math.round(value).toLocaleString("en-US")
    : String(Number(value.toPrecision(3)));
}
