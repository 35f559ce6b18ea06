import type { ProgressEvent } from "../../base/progress_event.ts";
import type { Encoder } from "../../model/mod.ts";
import { planStage } from "../plan/plan_stage.ts";
import { arenaStages } from "../plan/planned_stages.ts";
import type { RunPlan } from "../plan/run_plan.ts";
import type { SettledOptions } from "../settled_lengths.ts";
import type { PreparedArena } from "./prepare.ts";

/** What {@linkcode arenaPlan} must know beside the arena. */
export interface ArenaPlanOptions extends Pick<RunPlan, "state"> {
  /** Where the arms of the first seed start. */
  base: Encoder;
  /** Settings of the first seed, with the arena's folder. */
  own: SettledOptions;
  /** Whether the plan is all that is wanted. */
  planOnly: boolean;
}

/** What an arena is going to do, and what it takes: all seeds together. */
export function arenaPlan(
  { entries, suite, sample, pooled, seeds, budget, backend, signal, open }:
    PreparedArena,
  { base, own, state, planOnly }: ArenaPlanOptions,
): AsyncGenerator<ProgressEvent, RunPlan> {
  const kept = seeds.length * entries.length;
  return planStage({
    base,
    suite,
    options: own,
    backend,
    signal,
    stages: (sizes) =>
      arenaStages({ ...own, budget, seeds }, { strategies: entries, sizes }),
    pooled,
    models: { kept, evaluated: kept + (own.model ? 1 : seeds.length) },
    sample,
    starts: seeds.length,
    open: open.names.includes("passageLength"),
    state,
    planOnly,
  });
}
