import { needRows, numberField, textField } from "./_rows.ts";
import { armEncoding, orderArms } from "./_palette.ts";
import {
  checkSize,
  plot,
  PLOT_WIDTH,
  type PlotOptions,
  type PlotSpec,
} from "./plot_spec.ts";
import type { Rows } from "./rows.ts";

/** One measurement; input of {@linkcode ndcgPlot}. */
export interface NdcgRow {
  /** Task name. */
  task: string;
  /** What was trained, e.g. `"uniform"`, `"reweighted"`, `"top70"`. */
  arm: string;
  /** nDCG@10 in [0, 1]; null if unknown. */
  ndcg: number | null;
}

const ACTION = "plot nDCG@10";

/**
 * A dumbbell a task: nDCG@10 of every arm on one line, the tasks that gained
 * most over the first arm on top. The first arm is `uniform` if there is one,
 * else the one that comes first; gains are those of the second.
 *
 * The means in the title are over the tasks for which every arm is known, so
 * that they compare like with like.
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
  checkSize(options, ACTION);
  const scores = new Map<string, Map<string, number>>();
  const seen: string[] = [];
  for (const [i, row] of needRows(rows, ACTION).entries()) {
    const task = textField(row, "task", i, ACTION);
    const arm = textField(row, "arm", i, ACTION);
    const ndcg = numberField(row, "ndcg", i, ACTION, [0, 1]);
    if (ndcg === null) continue;
    seen.push(arm);
    const ofTask = scores.get(task) ?? new Map<string, number>();
    if (ofTask.has(arm)) {
      throw new RangeError(
        `Cannot ${ACTION}: row ${i}: task ${JSON.stringify(task)} has arm ${
          JSON.stringify(arm)
        } twice; give one row for the two`,
      );
    }
    scores.set(task, ofTask.set(arm, ndcg));
  }
  if (scores.size === 0) {
    throw new RangeError(`Cannot ${ACTION}: every value is unknown`);
  }
  const arms = orderArms(seen);
  const [base, other] = arms as [string, string | undefined];
  const gain = (ofTask: Map<string, number>) => {
    const from = ofTask.get(base), to = ofTask.get(other ?? base);
    // Tasks without the two numbers come last.
    return from === undefined || to === undefined ? -Infinity : to - from;
  };
  const tasks = [...scores].sort(([a, x], [b, y]) => {
    const [ga, gb] = [gain(x), gain(y)];
    if (ga !== gb) return gb - ga;
    return (y.get(base) ?? 0) - (x.get(base) ?? 0) || (a < b ? -1 : 1);
  }).map(([task]) => task);
  const values = tasks.flatMap((task) =>
    arms.filter((arm) => scores.get(task)!.has(arm)).map((arm) => {
      const ndcg = scores.get(task)!.get(arm)!;
      const from = scores.get(task)!.get(base);
      return {
        task,
        arm,
        ndcg,
        difference: from === undefined ? null : ndcg - from,
      };
    })
  );
  const width = options.width ?? PLOT_WIDTH;
  const title = options.title ?? outcome(arms, [...scores.values()]);
  const y = {
    field: "task",
    type: "nominal",
    title: null,
    scale: { domain: tasks },
  };
  return plot({
    title,
    subtitle: options.subtitle ??
      (other === undefined
        ? ""
        : `One line a task, sorted by the difference of ${other} to ${base}`),
    description: `nDCG@10 of ${
      arms.join(", ")
    } on ${tasks.length} tasks. ${title}.`,
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
            x: { aggregate: "min", field: "ndcg", type: "quantitative" },
            x2: { aggregate: "max", field: "ndcg" },
          },
        },
        {
          mark: { type: "point", filled: true, size: 95, opacity: 0.95 },
          encoding: {
            x: {
              field: "ndcg",
              type: "quantitative",
              title: "nDCG@10 (0 to 1)",
              scale: { zero: false, nice: true },
            },
            ...armEncoding(arms, width),
            tooltip: [
              { field: "task", type: "nominal" },
              { field: "arm", type: "nominal" },
              {
                field: "ndcg",
                type: "quantitative",
                format: ".4f",
                title: "nDCG@10",
              },
              {
                field: "difference",
                type: "quantitative",
                format: "+.4f",
                title: `difference to ${base}`,
              },
            ],
          },
        },
      ],
    },
  });
}

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
