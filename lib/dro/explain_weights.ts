import { mean } from "../base/mean.ts";
import { type ChanceBand, isWithinChance } from "./chance_bands.ts";
import {
  type LossMeasure,
  type LossObservation,
  measureLosses,
  type MeasureLossesOptions,
} from "./update/measure_losses.ts";
import { clipped, type StepWeightsOptions } from "./update/step_weights.ts";
import { clipSettings } from "./update/weight_settings.ts";

/** What {@linkcode explainWeights} draws on; K tasks. */
export interface WeightEvidence {
  /** Task names, shape `[K]`. */
  names: readonly string[];
  /** Rows of each task, shape `[K]`; absent if unknown. */
  sizes?: readonly number[];
  /** Weights before the first update, shape `[K]`. Default: 1/K each. */
  start?: readonly number[];
  /** Weights after each update, oldest first, shape `[updates][K]`. */
  history: readonly (readonly number[])[];
  /** The micro-batches that the weights were learned from. */
  lines: readonly LossObservation[];
  /** The measure they were learned by. @default {"released"} */
  measure?: LossMeasure;
  /** Its floor. @default {that of `measureLosses()`} */
  floor?: Pick<MeasureLossesOptions, "referenceFloor" | "floorAsAt">;
  /** How the measures were clipped before each step. @default {"norm"} */
  clip?: StepWeightsOptions["clip"];
  /** What chance alone gives each task, from `chanceBands()`, shape `[K]`. */
  chance?: readonly ChanceBand[];
}

/** One task's weight and what moved it. A plain row for tables and plots. */
export interface WeightExplanation {
  /** Task name. */
  task: string;
  /** Rows of the task; `null` if unknown. */
  size: number | null;
  /** Weight at the start, no unit; all sum to 1. */
  start: number;
  /** Weight at the end. */
  end: number;
  /** Weights that chance alone gives: 95 % of them; `null` if unknown. */
  chance: ChanceBand | null;
  /** Weight at the start and after each update, shape `[updates + 1]`. */
  trajectory: number[];
  /**
   * Mean over the micro-batches with the task of its measure as tDRO's code
   * takes it (`"released"`): its scale grows with the batch. `null` for a task
   * never drawn, or without reference losses.
   */
  released: number | null;
  /** The same as tDRO's paper takes it (`"ratio-of-means"`): 1 is level. */
  ratioOfMeans: number | null;
  /**
   * Pull on the weight, which decides the order of the weights at the end: the
   * measure it learned by (0 where the task is absent), each micro-batch's
   * vector clipped as it was, summed, and divided by the mean of that over all K
   * tasks. 1 is the mean task.
   */
  pull: number;
  /**
   * Share of the task's examples that are hard: their reference loss is above
   * the mean of their micro-batch (without reference: the proxy's loss). `null`
   * for a task never drawn.
   */
  hardShare: number | null;
  /**
   * Share of the task's pull, by the measure it learned by, that its strongest
   * tenth of examples made: 0.1 if all weigh the same. `null` if it had none.
   */
  topShare: number | null;
  /** Mean proxy loss over the task's examples; `null` if never drawn. */
  loss: number | null;
  /** Mean reference loss; `null` if never drawn or without reference. */
  referenceLoss: number | null;
  /** Examples of the task while learning. */
  drawn: number;
  /** `drawn` over the rows of the task; `null` if those are unknown. */
  passes: number | null;
  /** Share of the micro-batches with at least one example of the task. */
  present: number;
  /** One sentence on why the weight rose or fell. */
  why: string;
}

/**
 * Says why each task's weight rose or fell: where it went, both readings of the
 * measure on the same losses, and the losses behind them.
 *
 * @param evidence Names, weights over time, and the losses.
 * @returns A row for each task, in the order of `names`.
 * @throws {RangeError} If there is no update or micro-batch, or lengths differ.
 *
 * @example Usage
 * ```ts
 * import { explainWeights, replayWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const lines = [{ losses: [2, 1], referenceLosses: [1, 1], domains: [0, 1] }];
 * const { history } = replayWeights(lines, { eta: 0.2 });
 * const [nq] = explainWeights({ names: ["nq", "agnews"], history, lines });
 * assert.equal(nq!.ratioOfMeans, 2);
 * assert.match(nq!.why, /^rose from 0.500 to 0.522: it pulled 1.33 times as/);
 * ```
 */
export function explainWeights(evidence: WeightEvidence): WeightExplanation[] {
  const { names, sizes, history, lines, measure = "released", floor } =
    evidence;
  const count = names.length;
  const start = evidence.start ?? names.map(() => 1 / count);
  checkEvidence(evidence, start);
  const total = start.reduce((sum, weight) => sum + weight, 0);
  const tallies = tally(lines, count, {
    measure,
    ...floor,
    clip: evidence.clip ?? "norm",
  });
  const all = overall(tallies);
  const meanPull = mean(tallies.map((t) => t.pull));
  return names.map((task, k) => {
    const trajectory = [
      start[k]! / total,
      ...history.map((weights) => weights[k]!),
    ];
    const mine = tallies[k]!;
    const { drawn, batches, pulls } = mine;
    const averaged = (sum: number | null, over: number) =>
      sum === null || over === 0 ? null : sum / over;
    const size = sizes?.[k] ?? null;
    const row = {
      task,
      size,
      start: trajectory[0]!,
      end: trajectory.at(-1)!,
      chance: evidence.chance?.[k] ?? null,
      trajectory,
      released: averaged(mine.released, batches),
      ratioOfMeans: averaged(mine.ratioOfMeans, batches),
      pull: meanPull > 0 ? mine.pull / meanPull : 0,
      hardShare: averaged(mine.hard, drawn),
      topShare: topShare(pulls),
      loss: averaged(mine.loss, drawn),
      referenceLoss: averaged(mine.reference, drawn),
      drawn,
      passes: size === null ? null : drawn / size,
      present: batches / lines.length,
    };
    return { ...row, why: why(row, all) };
  });
}

/** Sums over everything that was drawn of one task. */
interface Tally {
  drawn: number;
  batches: number;
  loss: number;
  /** `null` without reference losses; so too the measures. */
  reference: number | null;
  released: number | null;
  ratioOfMeans: number | null;
  hard: number;
  pull: number;
  /** What each example added to `pull`. */
  pulls: number[];
}

function tally(
  lines: readonly LossObservation[],
  count: number,
  { clip, ...chosen }: MeasureLossesOptions & {
    clip: NonNullable<StepWeightsOptions["clip"]>;
  },
): Tally[] {
  const clipping = clipSettings(clip);
  const hasReference = lines.every((line) => line.referenceLosses);
  const zero = hasReference ? 0 : null;
  const tallies = Array.from({ length: count }, (): Tally => ({
    drawn: 0,
    batches: 0,
    loss: 0,
    reference: zero,
    released: zero,
    ratioOfMeans: zero,
    hard: 0,
    pull: 0,
    pulls: [],
  }));
  for (const line of lines) {
    const used = measureLosses(line, count, chosen);
    const by = (measure: LossMeasure) =>
      measure === chosen.measure
        ? used.perDomain
        : measureLosses(line, count, { measure }).perDomain;
    const variants = hasReference
      ? { released: by("released"), ratio: by("ratio-of-means") }
      : undefined;
    const judged = line.referenceLosses ?? line.losses;
    const middle = mean(judged);
    const clippedTo = clipped(used.perDomain, clipping);
    tallies.forEach((t, k) => {
      const here = used.counts[k]!;
      if (here === 0) return;
      t.drawn += here;
      t.batches++;
      t.loss += used.lossMeans[k]! * here;
      t.pull += clippedTo[k]!;
      if (!variants) return;
      t.reference! += used.referenceMeans[k]! * here;
      t.released! += variants.released[k]!;
      t.ratioOfMeans! += variants.ratio[k]!;
    });
    for (let i = 0; i < line.domains.length; i++) {
      const k = line.domains[i]!;
      const t = tallies[k]!;
      if (judged[i]! > middle) t.hard++;
      // Each example's share of its task's measure, which the clip leaves as it is.
      const whole = used.perDomain[k]! * used.counts[k]!;
      t.pulls.push(
        whole > 0 ? used.perExample[i]! / whole * clippedTo[k]! : 0,
      );
    }
  }
  return tallies;
}

/** Mean proxy loss over mean reference loss of everything together. */
function overall(tallies: readonly Tally[]): number | null {
  let loss = 0, reference = 0;
  for (const t of tallies) {
    if (t.reference === null) return null;
    loss += t.loss;
    reference += t.reference;
  }
  return reference > 0 ? loss / reference : null;
}

/** Share of a sum that its largest tenth (at least one) makes. */
function topShare(values: number[]): number | null {
  const sum = values.reduce((a, b) => a + b, 0);
  if (!(sum > 0)) return null;
  const top = values.toSorted((a, b) => b - a)
    .slice(0, Math.max(1, Math.round(values.length / 10)));
  return top.reduce((a, b) => a + b, 0) / sum;
}

/** Change of a weight that counts as one, relative. */
const CHANGE = 0.02;

function why(
  row: Omit<WeightExplanation, "why">,
  overall: number | null,
): string {
  const { start, end, pull, present, loss, referenceLoss, topShare } = row;
  const from = `from ${start.toFixed(3)} to ${end.toFixed(3)}${
    besideChance(row)
  }`;
  if (start === 0) return "stayed at 0: a weight of 0 never moves";
  if (row.drawn === 0) {
    return `went ${from}: it was never drawn, and so pulled with 0`;
  }
  const change = end / start - 1;
  const rose = change > CHANGE;
  const fell = change < -CHANGE;
  const verb = rose ? "rose" : fell ? "fell" : "hardly moved,";
  const odd = rose && pull < 1 || fell && pull > 1;
  const parts = [
    `${verb} ${from}: ${odd ? "although " : ""}it pulled ${
      short(pull)
    } times as hard as the mean task`,
  ];
  if (odd) {
    parts.push(
      rose
        ? "the heavier tasks pulled less"
        : "the heavier tasks pulled harder still",
    );
  }
  if (loss !== null && referenceLoss !== null && overall !== null) {
    const ratio = referenceLoss > 0 ? loss / referenceLoss : Infinity;
    const compared = `the proxy loses ${
      ratio === Infinity
        ? "where the reference loses nothing"
        : `${short(ratio)} times what the reference does`
    } (all tasks: ${short(overall)})`;
    // Where the means point the other way, single examples decide.
    const against = rose && ratio < overall || fell && ratio > overall;
    parts.push(
      against
        ? `although ${compared}: its strongest tenth of examples made ${
          percent(topShare)
        } of the pull`
        : compared,
    );
  }
  if (present < 0.9) {
    parts.push(
      `it was in ${
        percent(present)
      } of the batches, and pulls with 0 elsewhere`,
    );
  }
  return parts.join("; ");
}

/** Where the weight lies beside what chance alone gives. */
function besideChance(
  { end, chance }: Pick<WeightExplanation, "end" | "chance">,
): string {
  if (chance === null) return "";
  const [low, high] = chance;
  const place = isWithinChance(end, chance) ? "within" : "outside";
  return ` (${place} what chance alone gives, ${low.toFixed(3)} to ${
    high.toFixed(3)
  })`;
}

function checkEvidence(
  evidence: WeightEvidence,
  start: readonly number[],
): void {
  const { names, sizes, history, lines, chance } = evidence;
  if (history.length === 0) fail("there is no update; learn for more steps");
  if (lines.length === 0) fail("there are no micro-batches");
  const lists = { sizes, start, chance, "the last weights": history.at(-1) };
  for (const [what, list] of Object.entries(lists)) {
    if (list && list.length !== names.length) {
      fail(
        `${what} must have one entry for each of the ${names.length} tasks: got ${list.length}`,
      );
    }
  }
}

function percent(share: number | null): string {
  return `${Math.round(100 * (share ?? 0))} %`;
}

function short(value: number): string {
  return value >= 1000 || value > 0 && value < 0.001
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)));
}

function fail(reason: string): never {
  throw new RangeError(`Cannot explain weights: ${reason}`);
}
