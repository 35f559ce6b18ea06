import { ARMS } from "../arms.ts";
import type { Reportable } from "./reportable.ts";

/** An arm of a run or a strategy of an arena, for standing side by side. */
export interface ComparedArm {
  /** Name of the run or arena. */
  run: string;
  /** Name of the arm or strategy. */
  arm: string;
  /** Both, e.g. `demo · reweighted`. */
  name: string;
  /** Mean nDCG@10. */
  mean: number;
  /** Difference to the run's own uniform arm; null for that one. */
  difference: number | null;
  /** Its 95 % interval. */
  interval: readonly [number, number] | null;
  /** Share of the training rows used. */
  dataUsed: number;
  /** Difference in nDCG@10 by task name; empty for the uniform arm. */
  deltas: Map<string, number>;
  /** Learned weight by task name, where the arm has learned any. */
  weights: Map<string, number>;
}

/** Every arm of a run, or strategy of an arena. */
export function comparedArms(one: Reportable): ComparedArm[] {
  return one.kind === "run" ? ofRun(one) : ofArena(one);
}

function ofRun(
  { name: run, summary }: Extract<Reportable, { kind: "run" }>,
): ComparedArm[] {
  return ARMS.map((arm) => {
    const compared = arm === "uniform" ? null : summary.compared[arm];
    return {
      run,
      arm,
      name: `${run} · ${arm}`,
      mean: summary.mean[arm],
      difference: compared?.difference ?? null,
      interval: compared?.interval ?? null,
      dataUsed: summary.dataUsed[arm],
      deltas: new Map(
        compared
          ? summary.tasks.map((t) => [t.name, t.ndcg[arm] - t.ndcg.uniform])
          : [],
      ),
      weights: new Map(
        arm === "reweighted"
          ? summary.tasks.map((t) => [t.name, t.weight])
          : [],
      ),
    };
  });
}

function ofArena(
  { name: run, result }: Extract<Reportable, { kind: "arena" }>,
): ComparedArm[] {
  return result.strategies.map((s) => ({
    run,
    arm: s.name,
    name: `${run} · ${s.name}`,
    mean: s.mean,
    difference: s.interval && s.difference,
    interval: s.interval,
    dataUsed: s.dataUsed,
    deltas: new Map(
      s.interval ? result.tasks.map((t, k) => [t.name, s.deltas[k]!]) : [],
    ),
    weights: new Map(
      s.interval ? result.tasks.map((t, k) => [t.name, s.weights[k]!]) : [],
    ),
  }));
}
