import { GREY, SERIES } from "./_palette.ts";

/** One point of a line. */
export interface LinePoint {
  /** Which line. */
  series: string;
  /** Training step. */
  step: number;
  /** Height. */
  value: number;
}

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

/** Room from one label to the next, in px. */
export const LABEL_GAP = 14;

/** How many lines get a colour of their own. */
export const MAX_COLORS: number = SERIES.length;

/** From the plot area's edge to the labels, in px. */
const LEADER = 22;

/**
 * Layers of a line plot whose lines bear their names at the right end: up to
 * six in colour, the others grey, each joined to its name by a thin leader
 * where names had to move apart. Pointing at a name brings its line out.
 */
export function linesWithLabels(input: LinesInput): Record<string, unknown>[] {
  const { points, important, domain, height, width } = input;
  const ends = new Map<string, LinePoint>();
  for (const point of points) ends.set(point.series, point);
  const names = [...ends.keys()];
  const colored = important.slice(0, MAX_COLORS);
  const strong = input.base === undefined ? colored : [input.base, ...colored];
  // Grey lines first, so that coloured ones lie on top.
  const order = [
    ...names.filter((name) => !colored.includes(name)),
    ...colored,
  ];
  const color = {
    field: "series",
    type: "nominal",
    scale: {
      domain: order,
      range: order.map((name) => SERIES[colored.indexOf(name)] ?? GREY),
    },
    legend: null,
  };
  const lastStep = points.reduce(
    (last, p) => Math.max(last, p.step),
    -Infinity,
  );
  const firstStep = points.reduce(
    (first, p) => Math.min(first, p.step),
    Infinity,
  );
  const labels = spread(
    [
      ...[...ends.values()].map(({ series, step, value }) => ({
        series,
        step,
        value,
        label: `${series}  ${input.format(value)}`,
      })),
      ...(input.reference === undefined ? [] : [{
        series: null,
        step: lastStep,
        value: input.reference.value,
        label: input.reference.label,
      }]),
    ],
    domain,
    height,
  );
  const x = {
    field: "step",
    type: "quantitative",
    title: "training step",
    // A single step still needs an axis with two ends.
    scale: {
      domain: firstStep < lastStep
        ? [firstStep, lastStep]
        : [firstStep, firstStep + 1],
      nice: false,
    },
    axis: { format: ",d", tickCount: 6, grid: false, tickMinStep: 1 },
  };
  const y = {
    field: "value",
    type: "quantitative",
    title: input.valueTitle,
    scale: { domain, nice: false, zero: false },
  };
  const labelY = { ...y, field: "labelValue" };
  const brought = (yes: number, no: number) => ({
    condition: { param: "pointed", value: yes },
    value: no,
  });
  const ofSeries = labels.filter((label) => label.series !== null);
  const ofReference = labels.filter((label) => label.series === null);
  return [
    ...(ofReference.length === 0 ? [] : [
      {
        data: { values: ofReference },
        mark: { type: "rule", style: "reference-line" },
        encoding: { y },
      },
      {
        data: { values: ofReference },
        mark: {
          type: "text",
          align: "left",
          baseline: "middle",
          xOffset: LEADER + 4,
          style: "reference-label",
        },
        encoding: {
          x: { value: width },
          y: labelY,
          text: { field: "label", type: "nominal" },
        },
      },
    ]),
    {
      name: "lines",
      mark: { type: "line", interpolate: "linear", strokeJoin: "round" },
      encoding: {
        x,
        y,
        color,
        detail: { field: "series", type: "nominal" },
        size: {
          condition: { test: { field: "series", oneOf: strong }, value: 2.4 },
          value: 1.1,
        },
        opacity: brought(1, 0.15),
        tooltip: [
          { field: "series", type: "nominal", title: input.seriesTitle },
          {
            field: "step",
            type: "quantitative",
            format: ",d",
            title: "training step",
          },
          {
            field: "value",
            type: "quantitative",
            format: ".4f",
            title: input.valueTitle,
          },
        ],
      },
    },
    {
      data: { values: ofSeries },
      mark: {
        type: "rule",
        strokeWidth: 1,
        x2Offset: LEADER,
      },
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
      data: { values: ofSeries },
      params: [{
        name: "pointed",
        select: {
          type: "point",
          fields: ["series"],
          on: "pointerover",
          clear: "pointerout",
        },
      }],
      mark: {
        type: "text",
        align: "left",
        baseline: "middle",
        xOffset: LEADER + 4,
        style: "value-label",
      },
      encoding: {
        x: { value: width },
        y: labelY,
        text: { field: "label", type: "nominal" },
        opacity: brought(1, 0.3),
        tooltip: [
          { field: "series", type: "nominal", title: input.seriesTitle },
          {
            field: "value",
            type: "quantitative",
            format: ".4f",
            title: "at the end",
          },
        ],
      },
    },
  ];
}

/**
 * Moves labels apart until each has its room, as little as may be (in the sense
 * of least squares: neighbours that would overlap form a block around their
 * mean), and inside the plot's height if there's room for all.
 */
export function spread<Label extends { value: number; label: string }>(
  labels: Label[],
  domain: readonly [number, number],
  height: number,
): (Label & { labelValue: number })[] {
  const [low, high] = domain;
  const toPx = (value: number) => (value - low) / (high - low) * height;
  const sorted = [...labels].sort((a, b) =>
    a.value - b.value || (a.label < b.label ? 1 : -1)
  );
  const gap = Math.min(LABEL_GAP, height / Math.max(1, labels.length - 1));
  // Pool adjacent violators on the wanted place less the room of those below.
  const blocks: { sum: number; count: number }[] = [];
  for (const [i, label] of sorted.entries()) {
    let block = { sum: toPx(label.value) - i * gap, count: 1 };
    while (
      blocks.length > 0 &&
      blocks.at(-1)!.sum / blocks.at(-1)!.count > block.sum / block.count
    ) {
      const before = blocks.pop()!;
      block = {
        sum: before.sum + block.sum,
        count: before.count + block.count,
      };
    }
    blocks.push(block);
  }
  const top = height - gap * (sorted.length - 1);
  const places = blocks.flatMap(({ sum, count }) =>
    new Array<number>(count).fill(Math.min(Math.max(sum / count, 0), top))
  );
  return sorted.map((label, i) => ({
    ...label,
    labelValue: low + (places[i]! + i * gap) / height * (high - low),
  }));
}

/** At most `most` of the points of a line, evenly, the first and last kept. */
export function thin<Point>(points: Point[], most: number): Point[] {
  if (points.length <= most) return points;
  const picked: Point[] = [];
  for (let i = 0; i < most; i++) {
    picked.push(points[Math.round(i * (points.length - 1) / (most - 1))]!);
  }
  return picked;
}

/** Six digits are more than a picture shows, and a third of the characters. */
export function rounded(point: LinePoint): LinePoint {
  return { ...point, value: Number(point.value.toPrecision(6)) };
}
