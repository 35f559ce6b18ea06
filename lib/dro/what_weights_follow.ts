import { sum } from "../base/mean.ts";
import { rankCorrelation } from "./rank_correlation.ts";

/** A task's weight and the losses behind it, as `explainWeights()` gives them. */
export interface WeighedTask {
  /** Its weight, ≥ 0. */
  end: number;
  /** Mean proxy loss; `null` if it was never drawn. */
  loss: number | null;
  /** Mean reference loss; `null` if never drawn or without reference. */
  referenceLoss: number | null;
}

/** What {@linkcode whatWeightsFollow} found; rank correlations are Spearman's. */
export interface WeightsFollow {
  /** Tasks with both losses, which all of this is about. */
  tasks: number;
  /** The proxy's mean loss over the reference's: 1 is level. */
  lag: number;
  /** Rank correlation of the weights with the reference's loss, in [−1, 1]. */
  referenceLoss: number;
  /** With the proxy's loss less the reference's. */
  excessLoss: number;
  /** With the proxy's loss over the reference's. */
  lossRatio: number;
  /** All of it in one line. */
  about: string;
}

/**
 * Whether weights rank the tasks by where the proxy lags behind the reference, which
 * is what tDRO means to find, or by how hard they are for the reference: the
 * released measure does the latter where the proxy hardly lags.
 *
 * @param rows The tasks, e.g. from `explainWeights()`.
 * @returns Rank correlations; `undefined` with fewer than three tasks that have both
 * losses, or a reference that loses nothing.
 *
 * @example Usage
 * ```ts
 * import { whatWeightsFollow } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const found = whatWeightsFollow([
 *   { end: 0.5, loss: 4.1, referenceLoss: 4 },
 *   { end: 0.3, loss: 2.2, referenceLoss: 2 },
 *   { end: 0.2, loss: 1.3, referenceLoss: 1 },
 * ])!;
 * assert.equal(found.referenceLoss, 1);
 * assert.equal(found.excessLoss, -1);
 * assert.ok(Math.abs(found.lag - 7.6 / 7) < 1e-12);
 * ```
 */
export function whatWeightsFollow(
  rows: readonly WeighedTask[],
): WeightsFollow | undefined {
  const seen = rows.flatMap(({ end, loss, referenceLoss }) =>
    loss === null || referenceLoss === null
      ? []
      : [{ end, loss, reference: referenceLoss }]
  );
  const total = sum(seen.map(({ reference }) => reference));
  if (seen.length < 3 || !(total > 0)) return;
  const weights = seen.map(({ end }) => end);
  const by = (value: (task: typeof seen[number]) => number) =>
    rankCorrelation(weights, seen.map(value));
  const found = {
    tasks: seen.length,
    lag: sum(seen.map(({ loss }) => loss)) / total,
    referenceLoss: by(({ reference }) => reference),
    excessLoss: by(({ loss, reference }) => loss - reference),
    lossRatio: by(({ loss, reference }) => loss / reference),
  };
  return { ...found, about: about(found) };
}

function about(found: Omit<WeightsFollow, "about">): string {
  const { tasks, lag, referenceLoss, excessLoss, lossRatio } = found;
  return `rank correlation of the weights over ${tasks} tasks: ${
    two(referenceLoss)
  } with the reference's loss, ${
    two(excessLoss)
  } with what the proxy loses beyond it, ${
    two(lossRatio)
  } with the proxy's loss over the reference's (all tasks: ${two(lag)})`;
}

function two(value: number): string {
  const text = value >= 1000 ? value.toExponential(1) : value.toFixed(2);
  return text.replace("-", "−");
}
