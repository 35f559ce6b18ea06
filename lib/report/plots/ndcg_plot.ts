import { axisSpan, LEAST_SCORE_SPAN, withNote } from "./marks/axis_span.ts";
import { NDCG_TITLE, quantity, rowAxis, tip } from "./marks/encode.ts";
import {
  type CheckedRow,
  maybe,
  readFields,
  refuseHalfIntervals,
  TEXT,
} from "./marks/fields.ts";
import { armEncoding, orderArms } from "./marks/palette.ts";
import {
  plot,
  type PlotOptions,
  type PlotSpec,
  ROW_HEIGHT,
} from "./plot_spec.ts";
import type { Rows } from "../rows.ts";

/** One measurement; input of {@linkcode ndcgPlot}. */
export interface NdcgRow {
  /** Task name. */
  task: string;
  /** What was trained, e.g. `"uniform"`, `"reweighted"`, `"top"`. */
  arm: string;
  /** nDCG@10 in [0, 1]; null if unknown. */
  ndcg: number | null;
  /** Lower end of the interval of `ndcg`; null or absent if unknown. */
  low?: number | null;
  /** Upper end of the interval. */
  high?: number | null;
}

const ACTION = "plot nDCG@10";

/**
 * A dumbbell a task: nDCG@10 of every arm on one line, the tasks that gained
 * most over the first arm on top. The first arm is `uniform` if there is one,
 * else the one that comes first; gains are those of the second.
 *
 * Where rows have intervals, each arm has a thin line of its own, a little apart
 * from the others'.
 *
 * The means in the title are over the tasks for which every arm is known, so
 * that they compare like with like.
 *
 * The axis spans 0.1 at least.
 *
 * @param rows One row a task and arm; unknown values are left out.
 * @param options Heading and size.
 * @returns A Vega-Lite plot.
 * @throws {RangeError} If no value is known, a task has an arm twice, or a
 * value is not in [0, 1].
 *
 * @example Usage
 * ```ts
 * import { ndcgPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const spec = ndcgPlot([
 *   { task: "dom-prose", arm: "uniform", ndcg: 0.5 },
 *   { task: "dom-prose", arm: "reweighted", ndcg: 0.6 },
 * ]);
 * assert.match(spec.title.text.join(" "), /uniform 0\.500, reweighted 0\.600/);
 * ```
 */
export function ndcgPlot(
  rows: Rows<NdcgRow>,
  options: PlotOptions = {},
): PlotSpec {
  const scores = byTask(readFields(rows, ACTION, FIELDS));
  const arms = orderArms(
    [...scores.values()].flatMap((ofTask) => [...ofTask.keys()]),
  );
  const [base, other] = arms as [string, string | undefined];
  const tasks = sortTasks(scores, base, other ?? base);
  const intervals = [...scores.values()].some((ofTask) =>
    [...ofTask.values()].some((row) => row.low !== null)
  );
  const values = tasks.flatMap((task) => {
    const ofTask = scores.get(task)!;
    const from = ofTask.get(base)?.ndcg;
    return arms.filter((arm) => ofTask.has(arm)).map((arm) => {
      const { ndcg, low, high } = ofTask.get(arm)!;
      const difference = from === undefined ? null : ndcg - from;
      const row = { task, arm, ndcg, difference };
      return intervals ? { ...row, low, high } : row;
    });
  });
  const { axis } = rowAxis("task", tasks);
  const { domain, note } = axisSpan(
    values.flatMap((row) => [
      row.ndcg,
      ...("low" in row ? [row.low, row.high] : []),
    ]),
    { least: LEAST_SCORE_SPAN, within: [0, 1] },
  );
  return plot(options, {
    action: ACTION,
    title: outcome(
      arms,
      [...scores.values()].map((ofTask) =>
        new Map([...ofTask].map(([arm, row]) => [arm, row.ndcg]))
      ),
    ),
    subtitle: withNote(
      other === undefined
        ? ""
        : `One line a task, sorted by the difference of ${other} to ${base}${
          intervals ? "; thin lines: intervals" : ""
        }`,
      note,
    ),
    description: `nDCG@10 of ${arms.join(", ")} on ${tasks.length} tasks.`,
    height: tasks.length *
      (intervals ? Math.max(ROW_HEIGHT, 8 * arms.length + 8) : ROW_HEIGHT),
    view: ({ width }) => ({
      data: { values },
      encoding: {
        y: { ...axis, axis: { domain: false, ticks: false, grid: true } },
      },
      layer: layers(arms, { width, base, intervals, domain }),
    }),
  });
}

const FIELDS = {
  task: TEXT,
  arm: TEXT,
  ndcg: maybe(0, 1),
  low: maybe(0, 1),
  high: maybe(0, 1),
} as const;

type Score = { ndcg: number; low: number | null; high: number | null };

/** The known values by task and arm. */
function byTask(
  rows: readonly CheckedRow<typeof FIELDS>[],
): Map<string, Map<string, Score>> {
  refuseHalfIntervals(rows, ACTION);
  const scores = new Map<string, Map<string, Score>>();
  for (const [i, { task, arm, ndcg, low, high }] of rows.entries()) {
    if (ndcg === null) continue;
    const ofTask = scores.get(task) ?? new Map<string, Score>();
    if (ofTask.has(arm)) {
      throw new RangeError(
        `Cannot ${ACTION}: row ${i}: task ${JSON.stringify(task)} has arm ${
          JSON.stringify(arm)
        } twice; give one row for the two`,
      );
    }
    scores.set(task, ofTask.set(arm, { ndcg, low, high }));
  }
  if (scores.size === 0) {
    throw new RangeError(`Cannot ${ACTION}: every value is unknown`);
  }
  return scores;
}

/** Tasks by their gain; those without the two numbers come last. */
function sortTasks(
  scores: Map<string, Map<string, Score>>,
  base: string,
  other: string,
): string[] {
  const gain = (ofTask: Map<string, Score>) => {
    const from = ofTask.get(base)?.ndcg, to = ofTask.get(other)?.ndcg;
    return from === undefined || to === undefined ? -Infinity : to - from;
  };
  return [...scores].sort(([a, x], [b, y]) => {
    const [ga, gb] = [gain(x), gain(y)];
    if (ga !== gb) return gb - ga;
    return (y.get(base)?.ndcg ?? 0) - (x.get(base)?.ndcg ?? 0) ||
      (a < b ? -1 : 1);
  }).map(([task]) => task);
}

function layers(
  arms: readonly string[],
  { width, base, intervals, domain }: {
    width: number;
    base: string;
    intervals: boolean;
    domain: readonly [number, number];
  },
): object[] {
  const x = quantity("ndcg", {
    title: NDCG_TITLE,
    scale: { domain, zero: false, nice: true },
  });
  const look = armEncoding(arms, width);
  const tooltip = [
    tip("task"),
    tip("arm"),
    tip("ndcg", "nDCG@10", ".4f"),
    tip("difference", `difference to ${base}`, "+.4f"),
  ];
  if (intervals) {
    tooltip.push(tip("low", "from", ".4f"), tip("high", "to", ".4f"));
  }
  const point = { type: "point", filled: true, size: 95, opacity: 0.95 };
  const between = {
    mark: { type: "rule", strokeWidth: 2, opacity: 0.35 },
    encoding: {
      x: { aggregate: "min", field: "ndcg", type: "quantitative" },
      x2: { aggregate: "max", field: "ndcg" },
    },
  };
  if (!intervals) {
    return [between, { mark: point, encoding: { x, ...look, tooltip } }];
  }
  // Intervals of several arms on one line would hide each other.
  return [
    { ...between, mark: BRIDGE },
    ...arms.flatMap((arm, i) => {
      const yOffset = (i - (arms.length - 1) / 2) * 8;
      const only = [{
        filter: { field: "arm", equal: arm },
      }];
      return [
        {
          transform: [...only, { filter: "isValid(datum.low)" }],
          mark: { type: "rule", strokeWidth: 1.6, opacity: 1, yOffset },
          encoding: {
            x: { ...x, field: "low" },
            x2: { field: "high" },
            color: look.color,
            tooltip,
          },
        },
        {
          transform: only,
          mark: { ...point, size: 70, yOffset },
          encoding: { x, ...look, tooltip },
        },
      ];
    }),
  ];
}

/** Joins the points of a task where they lie apart. */
const BRIDGE = { type: "rule", strokeWidth: 9, opacity: 0.13 };

function outcome(arms: string[], tasks: Map<string, number>[]): string {
  const whole = tasks.filter((ofTask) => arms.every((arm) => ofTask.has(arm)));
  if (whole.length === 0) {
    return `nDCG@10 of ${arms.join(", ")}; no task has all of them yet`;
  }
  const mean = (arm: string) =>
    whole.reduce((sum, ofTask) => sum + ofTask.get(arm)!, 0) / whole.length;
  const parts = arms.map((arm, i) => {
    const higher = whole.filter((t) => t.get(arm)! > t.get(arms[0]!)!).length;
    return `${arm} ${mean(arm).toFixed(3)}${
      i === 0 ? "" : ` (higher on ${higher} of ${whole.length} tasks)`
    }`;
  });
  const over = whole.length < tasks.length
    ? ` over the ${whole.length} tasks with all arms`
    : "";
  return `Mean nDCG@10${over}: ${parts.join(", ")}`;
}
