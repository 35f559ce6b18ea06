import { inUnits } from "../../base/files/check_space.ts";
import type { LengthReasons } from "../../model/mod.ts";
import { lengthLines } from "../stages/cut_texts.ts";
import type { PlannedStage, RunPlan } from "./run_plan.ts";

/** Tasks that a line names. */
const NAMED = 3;

/** What lines depend on beside the plan. */
export interface PlanContext extends LengthReasons {
  /** Bytes that are free on the disk, if that is known. */
  free?: number | undefined;
  /** What is evaluated on, if it isn't whole corpora. */
  evaluation?: string | undefined;
  /** Where it computes; a GPU's own memory isn't estimated. */
  device?: string | undefined;
}

/**
 * What a run is going to do, in lines: stages, passes over the tasks, lengths and
 * cut texts, memory, disk, time.
 */
export function planLines(
  { stages, tasks, lengths, estimates, noise }: Pick<
    RunPlan,
    "stages" | "tasks" | "lengths" | "estimates" | "noise"
  >,
  { free, device, evaluation, ...reasons }: PlanContext,
): string[] {
  const { seconds, memory, disk } = estimates;
  const which = device === "gpu" ? "main memory" : "memory";
  const names = tasks.map(({ name }) => name);
  return [
    `plan: ${stages.map(stagePart).join(", ")} (updates × queries)`,
    `passes over the training rows: ${
      stages.map((stage) => passesPart(stage, names)).join("; ")
    }`,
    ...noise === undefined ? [] : [noiseLine(noise)],
    ...lengthLines(lengths, reasons),
    ...evaluation === undefined ? [] : [evaluation],
    [
      memory && `${which}: about ${inUnits(memory)} (estimated)`,
      `disk: about ${inUnits(disk)}${
        free === undefined ? "" : `, ${inUnits(free)} are free`
      }`,
    ].filter(Boolean).join("; "),
    ...seconds
      ? [
        `time: about ${
          inTime(
            seconds.training + seconds.evaluation + (seconds.dev ?? 0),
          )
        } without mining, ${inTime(seconds.evaluation)} of it evaluation${
          seconds.dev === undefined
            ? ""
            : ` and ${inTime(seconds.dev)} evaluations while training`
        } (estimated from three updates)`,
      ]
      : [],
  ];
}

/** Factor that two thirds of the weights lie within by chance. */
function noiseLine(noise: number): string {
  return `noise of the weights: about ${
    noise < 0.01 ? "under 1" : Math.round(100 * Math.expm1(noise))
  } % where tasks don't differ (expected; --weight-noise chooses settings for less)`;
}

function stagePart({ name, updates, queries }: PlannedStage): string {
  return `${name} ${updates.toLocaleString("en")} × ${queries}`;
}

function passesPart({ name, passes }: PlannedStage, names: string[]): string {
  if (!passes) return `${name}: as learned`;
  const order = passes.map((_, k) => k)
    .sort((a, b) => passes[b]! - passes[a]!);
  const drawn = order.filter((k) => passes[k]! > 0);
  const most = drawn.slice(0, NAMED)
    .map((k) => `${names[k]} ${digits(passes[k]!)}`);
  const last = drawn.length > NAMED
    ? ` … ${names[drawn.at(-1)!]} ${digits(passes[drawn.at(-1)!]!)}`
    : "";
  return `${name}: ${most.join(", ")}${last}`;
}

/** With so many digits as one cares for. */
function digits(passes: number): string {
  return passes >= 10
    ? Math.round(passes).toLocaleString("en")
    : `${Number(passes.toPrecision(2))}`;
}

/** `75` → `75 s`, `4000` → `67 min`, `20000` → `5.6 h`. */
export function inTime(seconds: number): string {
  if (seconds < 1) return "under 1 s";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
