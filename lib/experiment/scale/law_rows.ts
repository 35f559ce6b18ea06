import { foretell, type ScalingFit } from "./fit_scaling.ts";
import type { ScaleCell } from "./scale.ts";

/** A training, or a point of the law: a row for `scalingLawPlot()`. */
export interface LawRow {
  /** Parameters. */
  size: number;
  /** The amount of data, in words. */
  data: string;
  /** Contrastive entropy in nats. */
  loss: number;
  /** A training, the law where there were trainings, or beyond them. */
  kind: "measured" | "law" | "beyond";
  /** Lower end of the law's interval. */
  low: number | null;
  /** Upper end of it. */
  high: number | null;
}

/** Points of the law within the trainings, and as many beyond them. */
const POINTS = 24;

/** How far beyond the largest training the law is drawn. */
const BEYOND = 10;

/**
 * Rows of a grid and its law for `scalingLawPlot()`: the law up to ten times the
 * largest training.
 *
 * @param cells The trainings.
 * @param fit The law, if there is one.
 *
 * @example Usage
 * ```ts
 * import { fitScaling, lawRows } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const cells = [1e5, 1e6, 1e7, 1e8].map((parameters) => ({
 *   parameters, data: 1e4, loss: 1 + 30 * parameters ** -0.4,
 * }));
 * const rows = lawRows(cells, fitScaling(cells, { resamples: 20 }));
 * assert.deepEqual(new Set(rows.map(({ kind }) => kind)), new Set(["measured", "law", "beyond"]));
 * ```
 */
export function lawRows(
  cells: readonly Pick<ScaleCell, "parameters" | "data" | "loss">[],
  fit?: ScalingFit,
): LawRow[] {
  const words = (data: number) => data.toLocaleString("en");
  const rows = cells.map(({ parameters, data, loss }): LawRow => ({
    size: parameters,
    data: words(data),
    loss,
    kind: "measured",
    low: null,
    high: null,
  }));
  if (!fit) return rows;
  const [least, most] = fit.measured.parameters;
  const between = (from: number, to: number) =>
    Array.from(
      { length: POINTS + 1 },
      (_, i) => from * (to / from) ** (i / POINTS),
    );
  const amounts = [...new Set(cells.map(({ data }) => data))]
    .sort((a, b) => a - b);
  const curve = (kind: "law" | "beyond", sizes: number[]) =>
    amounts.flatMap((data) =>
      sizes.map((size): LawRow => {
        const { value, interval: [low, high] } = foretell(fit, {
          parameters: size,
          data,
        });
        return { size, data: words(data), loss: value, kind, low, high };
      })
    );
  return [
    ...rows,
    ...curve("law", between(least, most)),
    ...curve("beyond", between(most, BEYOND * most)),
  ];
}
