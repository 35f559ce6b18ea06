import { mean } from "../../base/mean.ts";
import type { ScalingPoint } from "./fit_law.ts";

/** A step to more parameters or more data that brought a larger loss. */
export interface LossThatRises {
  /** What grew. */
  by: "parameters" | "data";
  /** How much of it there was. */
  from: number;
  /** How much there is after the step. */
  to: number;
  /** The other of both, which stayed. */
  at: number;
  /** Loss before the step, the mean over the seeds. */
  before: number;
  /** Loss after it. */
  loss: number;
}

/** Steps of a grid, and those that a law of scaling doesn't allow. */
export interface GridSteps {
  /** Steps to the next size or amount of data, the other one unchanged. */
  count: number;
  /** Those after which the loss was larger. */
  rising: LossThatRises[];
}

/** Share of the loss by which it must rise; less is what a seed makes. */
const NOTICED = 0.01;

/**
 * Where the loss rises though the encoder or the data grow: the law has no term for
 * that. Larger encoders learn few queries by heart, or would take more updates.
 *
 * @param points The trainings.
 *
 * @example Usage
 * ```ts
 * import { lossesThatRise } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const { count, rising } = lossesThatRise([
 *   { parameters: 1e4, data: 100, loss: 5 },
 *   { parameters: 1e5, data: 100, loss: 6 },
 *   { parameters: 1e5, data: 900, loss: 4 },
 * ]);
 * assert.equal(count, 2);
 * assert.deepEqual(rising, [
 *   { by: "parameters", from: 1e4, to: 1e5, at: 100, before: 5, loss: 6 },
 * ]);
 * ```
 */
export function lossesThatRise(points: readonly ScalingPoint[]): GridSteps {
  const steps = [
    ...stepsBy(points, { by: "parameters", at: "data" }),
    ...stepsBy(points, { by: "data", at: "parameters" }),
  ];
  return {
    count: steps.length,
    rising: steps.filter(({ before, loss }) => loss > before * (1 + NOTICED)),
  };
}

function stepsBy(
  points: readonly ScalingPoint[],
  { by, at }: Record<"by" | "at", "parameters" | "data">,
): LossThatRises[] {
  const lines = Map.groupBy(points, (point) => point[at]);
  return [...lines].flatMap(([fixed, line]) => {
    const stops = [...Map.groupBy(line, (point) => point[by])]
      .map(([amount, seeds]) => ({
        amount,
        loss: mean(seeds.map(({ loss }) => loss)),
      }))
      .sort((a, b) => a.amount - b.amount);
    return stops.slice(1).map(({ amount, loss }, i) => {
      const { amount: from, loss: before } = stops[i]!;
      return { by, from, to: amount, at: fixed, before, loss };
    });
  });
}
