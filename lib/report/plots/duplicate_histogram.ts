import { names, percent, quantity, tip } from "./marks/encode.ts";
import { MAYBE_TEXT, number, readFields } from "./marks/fields.ts";
import { BLUE, GREY } from "./marks/palette.ts";
import { plot, type PlotOptions, type PlotSpec } from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** How many texts occur how often; input of {@linkcode duplicateHistogram}. */
export interface DuplicateRow {
  /** How many times each of these texts occurs (near-duplicates count), ≥ 1. */
  copies: number;
  /** How many different texts occur that often. */
  texts: number;
  /** Their task; rows of several tasks are added up. */
  task?: string;
}

const ACTION = "plot duplicates";

/** From this many copies on, one bar for all. */
const MOST = 10;

/**
 * How often texts occur: the number of different texts that occur once, twice,
 * …, ten times or more, on a logarithmic axis (a few that occur often are what
 * one looks for). The title gives the share of texts that are superfluous.
 *
 * @param rows One row a number of copies, and task.
 * @param options Heading and size.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If there are no rows or a number is out of range.
 *
 * @example Usage
 * ```ts
 * import { duplicateHistogram } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = duplicateHistogram([
 *   { copies: 1, texts: 80 },
 *   { copies: 2, texts: 10 },
 * ]);
 * assert.match(spec.title.text.join(" "), /10% of 100 texts are copies/);
 * ```
 */
export function duplicateHistogram(
  rows: Rows<DuplicateRow>,
  options: PlotOptions = {},
): PlotSpec {
  const checked = readFields(rows, ACTION, {
    copies: number(1),
    texts: number(0),
    task: MAYBE_TEXT,
  });
  const counts = new Map<number, number>();
  for (const { copies, texts } of checked) {
    const bar = Math.min(MOST, Math.floor(copies));
    counts.set(bar, (counts.get(bar) ?? 0) + texts);
  }
  const highest = Math.max(2, ...counts.keys());
  const values = Array.from({ length: highest }, (_, i) => ({
    bar: i + 1 === MOST ? `${MOST} or more` : String(i + 1),
    texts: counts.get(i + 1) ?? 0,
    once: i === 0,
    label: (counts.get(i + 1) ?? 0).toLocaleString("en-US"),
  }));
  const most = Math.max(1, ...counts.values());
  const x = names("bar", {
    title: "times a text occurs",
    scale: { domain: values.map(({ bar }) => bar) },
    axis: { labelAngle: 0, ticks: false },
  });
  return plot(options, {
    action: ACTION,
    title: outcome(checked),
    subtitle:
      "Bars: different texts (logarithmic); grey: those that occur once",
    description: "Histogram of how often texts occur.",
    height: 240,
    view: () => ({
      data: { values: values.filter(({ texts }) => texts > 0) },
      layer: [
        {
          mark: { type: "bar", width: { band: 0.7 } },
          encoding: {
            x,
            y: quantity("texts", {
              title: "different texts (count; logarithmic)",
              scale: { type: "log", domain: [0.7, most * 1.8], nice: false },
              axis: { format: "~s", values: powers(most) },
            }),
            y2: { datum: 0.7 },
            color: {
              condition: { test: "datum.once", value: GREY },
              value: BLUE,
            },
            tooltip: [
              tip("bar", "times"),
              tip("texts", "different texts", ","),
            ],
          },
        },
        {
          mark: {
            type: "text",
            baseline: "bottom",
            dy: -4,
            style: "value-label",
          },
          encoding: { x, y: quantity("texts"), text: names("label") },
        },
      ],
    }),
  });
}

/** 1, 10, … up to a number. */
function powers(most: number): number[] {
  const count = Math.floor(Math.log10(most)) + 1;
  return Array.from({ length: count }, (_, e) => 10 ** e);
}

function outcome(
  rows: readonly { copies: number; texts: number; task: string | null }[],
): string {
  const share = (counts: typeof rows) => {
    const all = counts.reduce((sum, r) => sum + r.copies * r.texts, 0);
    const different = counts.reduce((sum, r) => sum + r.texts, 0);
    return { all, copies: all === 0 ? 0 : (all - different) / all };
  };
  const { all, copies } = share(rows);
  const tasks = [...Map.groupBy(rows, (row) => row.task)]
    .flatMap(([task, ofTask]) =>
      task === null ? [] : [{ task, ...share(ofTask) }]
    )
    .sort((a, b) => b.copies - a.copies);
  return `${percent(copies)} of ${
    all.toLocaleString("en-US")
  } texts are copies of another${
    tasks.length > 1
      ? `; most in ${tasks[0]!.task} (${percent(tasks[0]!.copies)})`
      : ""
  }`;
}
