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
export function linesWithLabels(input: LinesInput): Layer[] {
  const { points, valueTitle, domain } = input;
  const colored = input.important.slice(0, MAX_COLORS);
  const channels = {
    x: stepAxis(points),
    y: quantity("value", {
      title: valueTitle,
      scale: { domain, nice: false, zero: false },
    }),
    color: lineColors(points, colored),
  };
  const labels = placeLabels(input);
  return [
    ...referenceLayers(
      labels.filter(({ series }) => series === null),
      channels,
    ),
    ...bands(points, colored, channels),
    lines(input, colored, channels),
    ...labelLayers(
      labels.filter(({ series }) => series !== null),
      input,
      channels,
    ),
  ];
}

type Layer = Record<string, unknown>;

/** The encodings that the layers share. */
interface Channels {
  x: object;
  y: Record<string, unknown>;
  color: object;
}

/** The dashed line across, with its label beside the plot area. */
function referenceLayers(
  labels: readonly PlacedLabel[],
  { y }: Channels,
): Layer[] {
  if (labels.length === 0) return [];
  const data = { values: labels };
  return [
    {
      data,
      mark: { type: "rule", style: "reference-line" },
      encoding: { y },
    },
    {
      data,
      mark: { ...LABEL, style: "reference-label" },
      encoding: {
        x: { value: "width" },
        y: { ...y, field: "labelValue" },
        text: names("label"),
      },
    },
  ];
}

/** The lines themselves; `colored` and the base stand out. */
function lines(
  { base, seriesTitle, valueTitle }: LinesInput,
  colored: readonly string[],
  { x, y, color }: Channels,
): Layer {
  const strong = base === undefined ? colored : [base, ...colored];
  return {
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
      opacity: whenPointed(1, 0.15),
      tooltip: [
        tip("series", seriesTitle),
        tip("step", "training step", ",d"),
        tip("value", valueTitle, ".4f"),
      ],
    },
  };
}

/** Names beside the plot area, and leaders from the lines' ends to them. */
function labelLayers(
  labels: readonly PlacedLabel[],
  { seriesTitle }: LinesInput,
  { y, color }: Channels,
): Layer[] {
  const data = { values: labels };
  return [
    {
      data,
      mark: { type: "rule", strokeWidth: 1, x2Offset: LEADER },
      encoding: {
        x: { value: "width" },
        x2: { value: "width" },
        y,
        y2: { field: "labelValue" },
        color,
        opacity: whenPointed(0.8, 0.1),
      },
    },
    {
      name: "labels",
      data,
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
        x: { value: "width" },
        y: { ...y, field: "labelValue" },
        text: names("label"),
        opacity: whenPointed(1, 0.3),
        tooltip: [
          tip("series", seriesTitle),
          tip("value", "at the end", ".4f"),
        ],
      },
    },
  ];
}

/** Opacity of the line that is pointed at, or of all, and of the others. */
function whenPointed(opacity: number, others: number): object {
  return { condition: { param: "pointed", value: opacity }, value: others };
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

/** A line's name and last value; of the reference line, `series` is null. */
interface PlacedLabel {
  series: string | null;
  step: number;
  value: number;
  label: string;
  /** Height of the label, on the axis of the values. */
  labelValue: number;
}

function placeLabels(
  { points, reference, domain, height, format }: LinesInput,
): PlacedLabel[] {
  const ends = new Map<string, LinePoint>();
  for (const point of points) ends.set(point.series, point);
  const labels = [...ends.values()].map(({ series, step, value }) => ({
    series: series as string | null,
    step,
    value,
    // The number first: where there's little room, the name is cut.
    label: `${format(value)}  ${series}`,
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
  { x, y, color }: Channels,
): Layer[] {
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
      opacity: whenPointed(0.18, 0.03),
    },
  }];
}
