import { wrapText } from "../tables/text_width.ts";
import { BACKGROUND, BLUE, GRID, INK, MUTED } from "./marks/palette.ts";

/**
 * A Vega-Lite (v6) plot as plain data: print it, edit any part of it, hand it
 * to {@linkcode renderSvg}, `show()` or any Vega-Lite viewer. Its data are
 * inline; its looks are in `config`.
 */
export interface PlotSpec {
  /** Which Vega-Lite schema the plot follows. */
  $schema: string;
  /** What the plot shows, in words; a screen reader says it. */
  description: string;
  /** Heading: what the numbers say, and below it how to read the plot. */
  title: PlotTitle;
  /** Width of the area with the marks, without labels, in px. */
  width: number;
  /** Height of the area with the marks, without labels, in px. */
  height: number;
  /** Colours, sizes and fonts. */
  config: Record<string, unknown>;
  /** The rest of the specification (`data`, `layer`, `encoding`, …). */
  // deno-lint-ignore no-explicit-any -- whoever edits a plot may go to any depth
  [key: string]: any;
}

/** Heading of a {@linkcode PlotSpec}. */
export interface PlotTitle {
  /** Lines of the title. */
  text: string[];
  /** Lines of the subtitle. */
  subtitle: string[];
}

/** Options that every plot takes. */
export interface PlotOptions {
  /** Title. By default a sentence that gives the outcome in numbers. */
  title?: string;
  /** Line below the title. By default how to read the plot. */
  subtitle?: string;
  /** Width of the area with the marks, in px. @default {560} */
  width?: number;
  /** Height of the area with the marks, in px. By default what the rows need. */
  height?: number;
}

/** The version of the schema that the plots are checked against. */
const SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";

/** Width of a plot, unless the caller says otherwise. */
const PLOT_WIDTH = 560;

const TITLE_SIZE = 15;
const SUBTITLE_SIZE = 12;

/**
 * Looks of every plot, as config of Vega-Lite: dark ink on white, as in print,
 * because neither a notebook nor a README says on which ground it will lie.
 * {@linkcode renderSvg} with `inheritColor` replaces the ink by the page's own.
 */
export function plotConfig(
  { ink = INK, muted = MUTED, grid = GRID, background = BACKGROUND }: {
    ink?: string;
    muted?: string;
    grid?: string;
    background?: string | null;
  } = {},
): Record<string, unknown> {
  const noLimit = 0; // px; by default Vega cuts labels at 180
  return {
    background,
    padding: 12,
    font:
      "Helvetica Neue, Helvetica, Arial, Liberation Sans, Noto Sans, Noto Sans CJK JP, sans-serif",
    view: { stroke: null },
    title: {
      anchor: "start",
      frame: "bounds",
      color: ink,
      fontSize: TITLE_SIZE,
      fontWeight: 600,
      lineHeight: 20,
      limit: noLimit,
      subtitleColor: muted,
      subtitleFontSize: SUBTITLE_SIZE,
      subtitleLineHeight: 17,
      subtitlePadding: 5,
      offset: 14,
    },
    axis: {
      labelColor: ink,
      labelFontSize: 12,
      labelLimit: noLimit,
      labelFlush: false,
      labelPadding: 6,
      titleColor: muted,
      titleFontSize: 12,
      titleFontWeight: "normal",
      titleLimit: noLimit,
      titlePadding: 10,
      gridColor: grid,
      gridOpacity: 0.6,
      domainColor: grid,
      tickColor: grid,
    },
    legend: {
      labelColor: ink,
      labelFontSize: 12,
      labelLimit: noLimit,
      titleColor: muted,
      titleFontSize: 12,
      titleFontWeight: "normal",
      titleLimit: noLimit,
      symbolSize: 90,
    },
    text: { color: ink, fontSize: 12 },
    rule: { color: ink },
    tick: { color: ink },
    bar: { color: BLUE },
    style: {
      "reference-line": { color: ink, strokeDash: [4, 3], strokeWidth: 1.2 },
      "reference-label": { color: muted, fontSize: 12, fontStyle: "italic" },
      "value-label": { color: ink, fontSize: 12 },
      "quiet-label": { color: muted, fontSize: 12 },
    },
  };
}

/** What differs from plot to plot. */
export interface PlotFrame {
  /** What is being done, for error messages. */
  action: string;
  /** The outcome in numbers; the caller's own title goes first. */
  title: string;
  /** How to read the plot. */
  subtitle?: string;
  /** What kind of plot it is, a sentence. */
  description: string;
  /** Height of the plot area, in px, unless the caller chose one. */
  height: number;
  /** Data and marks for a plot area of that size, as Vega-Lite's view. */
  view: (size: { width: number; height: number }) => Record<string, unknown>;
}

/** Puts what all plots share around the part that differs. */
export function plot(
  options: PlotOptions,
  { action, title, subtitle = "", description, height, view }: PlotFrame,
): PlotSpec {
  checkSize(options, action);
  const size = {
    width: options.width ?? PLOT_WIDTH,
    height: options.height ?? height,
  };
  const heading = options.title ?? title;
  const below = options.subtitle ?? subtitle;
  // Labels beside the plot make the picture wider than its plot area by a
  // fifth or more, and the heading may use that room too.
  const room = Math.max(size.width * 1.2, 240);
  return {
    $schema: SCHEMA,
    description: `${description} ${heading}.`,
    title: {
      text: wrapText(heading, room, TITLE_SIZE, true),
      subtitle: below === "" ? [] : wrapText(below, room, SUBTITLE_SIZE),
    },
    ...size,
    ...view(size),
    config: plotConfig(),
  };
}

/** Height of a line in a plot with a line for each name, in px. */
export const ROW_HEIGHT = 24;

/** Refuses sizes that no plot can have. */
function checkSize(options: PlotOptions, action: string): void {
  for (const side of ["width", "height"] as const) {
    const value = options[side];
    if (value === undefined || Number.isFinite(value) && value > 0) continue;
    throw new RangeError(
      `Cannot ${action}: ${side} must be a number of px above 0: got ${value}`,
    );
  }
}
