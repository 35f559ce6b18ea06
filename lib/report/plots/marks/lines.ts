import { names, quantity, tip } from "./encode.ts";
import { type LinePoint, spread } from "./line_points.ts";
import { GREY, SERIES } from "./palette.ts";

/** What {@linkcode linesWithLabels} needs to know. */
export interface LinesInput {
  /** Points of all lines, each line in order of its steps. */
  points: LinePoint[];
  /** Lines to set in colour, most important first; the others are grey. */
  important: string[];
  /** The line that others are held against: grey, but as strong as they. */
  base?: string;
  /** What a line is called in tooltips, e.g. `task`. */
  seriesTitle: string;
  /** Title of the vertical axis. */
  valueTitle: string;
  /** Ends of the vertical axis. */
  domain: [number, number];
  /** Writes a value for a label. */
  format: (value: number) => string;
  /** Width of the plot area, in px. */
  width: number;
  /** Height of the plot area, in px. */
  height: number;
  /** A dashed line across, with its label. */
  reference?: { value: number; label: string };
}

/** How many lines get a colour of their own. */
export const MAX_COLORS: number = SERIES.length;

/** From the plot area's edge to the labels, in px. */
const LEADER = 22;

/** The mark of a name beside the plot area. */
const LABEL = {
  type: "text",
  align: "left",
  baseline: "middle",
  xOffset: LEADER + 4,
};

/**
 * Layers of a line plot whose lines bear their names at the right end: up to
 * six in colour, the others grey, each joined to its name by a thin leader
 * where names had to move apart. Pointing at a name brings its line out.
 * Coloured lines that have one get their band.
 */
export function linesWithLabels(input: LinesInput): Record<string, unknown>[] {
  const { points, width, valueTitle, domain, seriesTitle } = input;
  const colored = input.important.slice(0, MAX_COLORS);
  const color = lineColors(points, colored);
  const x = stepAxis(points);
  const y = quantity("value", {
    title: valueTitle,
    scale: { domain, nice: false, zero: false },
  });
  const labelY = { ...y, field: "labelValue" };
  const labels = placeLabels(input);
  const ofSeries = { values: labels.filter(({ series }) => series !== null) };
  const ofReference = {
    values: labels.filter(({ series }) => series === null),
  };
  const strong = input.base === undefined ? colored : [input.base, ...colored];
  return [
    ...(ofReference.values.length === 0 ? [] : [
      {
        data: ofReference,
        mark: { type: "rule", style: "reference-line" },
        encoding: { y },
      },
      {
        data: ofReference,
        mark: { ...LABEL, style: "reference-label" },
        encoding: { x: { value: width }, y: labelY, text: names("label") },
      },
    ]),
    ...bands(points, colored, { x, y, color }),
    {
      name: "lines",
      mark: { type: "line", interpolate: "linear", strokeJoin: "round" },
      encoding: {
        x,
        y,
        color,
        detail: names("series"),
        size: {
          condition: { test: { field: "series", oneOf: strong }, value: 2.4 },
          value: 1.1,
        },
        opacity: brought(1, 0.15),
        tooltip: [
          tip("series", seriesTitle),
          tip("step", "training step", ",d"),
          tip("value", valueTitle, ".4f"),
        ],
      },
    },
    {
      data: ofSeries,
      mark: { type: "rule", strokeWidth: 1, x2Offset: LEADER },
      encoding: {
        x: { value: width },
        x2: { value: width },
        y,
        y2: { field: "labelValue" },
        color,
        opacity: brought(0.8, 0.1),
      },
    },
    {
      name: "labels",
      data: ofSeries,
      params: [{
        name: "pointed",
        select: {
          type: "point",
          fields: ["series"],
          on: "pointerover",
          clear: "pointerout",
        },
      }],
      mark: { ...LABEL, style: "value-label" },
      encoding: {
        x: { value: width },
        y: labelY,
        text: names("label"),
        opacity: brought(1, 0.3),
        tooltip: [
          tip("series", seriesTitle),
          tip("value", "at the end", ".4f"),
        ],
      },
    },
  ];
}

function brought(yes: number, no: number): object {
  return { condition: { param: "pointed", value: yes }, value: no };
}

/** Grey lines first, so that coloured ones lie on top. */
function lineColors(points: readonly LinePoint[], colored: string[]): object {
  const grey = new Set(points.map(({ series }) => series));
  for (const name of colored) grey.delete(name);
  const order = [...grey, ...colored];
  return names("series", {
    scale: {
      domain: order,
      range: order.map((name) => SERIES[colored.indexOf(name)] ?? GREY),
    },
    legend: null,
  });
}

function stepAxis(points: readonly LinePoint[]): Record<string, unknown> {
  const [first, last] = endSteps(points);
  return quantity("step", {
    title: "training step",
    // A single step still needs an axis with two ends.
    scale: {
      domain: first < last ? [first, last] : [first, first + 1],
      nice: false,
    },
    axis: { format: ",d", tickCount: 6, grid: false, tickMinStep: 1 },
  });
}

function endSteps(points: readonly LinePoint[]): [number, number] {
  let first = Infinity, last = -Infinity;
  for (const { step } of points) {
    first = Math.min(first, step);
    last = Math.max(last, step);
  }
  return [first, last];
}

function placeLabels(
  { points, reference, domain, height, format }: LinesInput,
) {
  const ends = new Map<string, LinePoint>();
  for (const point of points) ends.set(point.series, point);
  const labels = [...ends.values()].map(({ series, step, value }) => ({
    series: series as string | null,
    step,
    value,
    label: `${series}  ${format(value)}`,
  }));
  if (reference !== undefined) {
    labels.push({ series: null, step: endSteps(points)[1], ...reference });
  }
  return spread(labels, domain, height);
}

/** Bands of the coloured lines; grey ones would cover each other. */
function bands(
  points: readonly LinePoint[],
  colored: readonly string[],
  { x, y, color }: { x: object; y: Record<string, unknown>; color: object },
): Record<string, unknown>[] {
  const values = points.filter(({ series, low }) =>
    low !== undefined && colored.includes(series)
  );
  if (values.length === 0) return [];
  return [{
    name: "bands",
    data: { values },
    mark: { type: "area", opacity: 0.18, line: false },
    encoding: {
      x,
      y: { ...y, field: "low" },
      y2: { field: "high" },
      color,
      opacity: brought(0.18, 0.03),
    },
  }];
}
