/**
 * What a task's losses are turned into before they move its weight. With l the
 * proxy's loss of an example, r the reference model's, and the mean over the
 * task's examples in the batch:
 *
 * | measure | value of a task | source |
 * | --- | --- | --- |
 * | `"released"` | mean(l / d), d = r over the p-norm of the batch's r | tDRO's code (spec section 8) |
 * | `"ratio-of-means"` | mean(l) / mean(r) | tDRO's paper (arXiv 2408.10613; spec section 19) |
 * | `"difference"` | mean(max(l − r, 0)) | excess loss, as in DoReMi (arXiv 2305.10429) |
 * | `"relative-difference"` | mean(max((l − r) / d, 0)) | both flags of tDRO's code |
 * | `"raw"` | mean(l) | group DRO (arXiv 1911.08731) |
 */
export type LossMeasure =
  | "released"
  | "ratio-of-means"
  | "difference"
  | "relative-difference"
  | "raw";

/** The losses of one micro-batch. */
export interface LossObservation {
  /** Proxy loss of each example, shape `[B]`, no unit, ≥ 0. */
  losses: ArrayLike<number>;
  /**
   * Loss of the frozen reference model on the same examples, shape `[B]`, ≥ 0.
   */
  referenceLosses?: ArrayLike<number> | null;
  /** Domain id of each example, shape `[B]`, integers in [0, K). */
  domains: ArrayLike<number>;
}

/** Options for {@linkcode measureLosses}. */
export interface MeasureLossesOptions {
  /** The measure. @default {"released"} */
  measure?: LossMeasure;
  /**
   * p of the norm that divides the reference losses, ≥ 0; 0 divides by the
   * losses as they are. Only for `"released"` and `"relative-difference"`.
   * @default {1}
   */
  pNorm?: number;
  /**
   * A reference loss below this, which is > 0, counts as 1: after the normalisation by the norm;
   * for `"ratio-of-means"`, a task's mean as it is. Where the norm divides, the
   * threshold is `referenceFloor` · B of the batch's mean (p = 1), so small batches
   * damp less. @default {1e-4}
   */
  referenceFloor?: number;
  /**
   * Normalises as a batch of so many examples of the same losses would, an integer
   * ≥ 1, so that the floor is the same share of the mean loss in every batch: 512,
   * the released micro-batch, makes it 5 %. Not with `pNorm` 0, nor for measures
   * without a norm. @default {the batch's own size}
   */
  floorAsAt?: number;
}

/** What {@linkcode measureLosses} found in a micro-batch. */
export interface MeasuredLosses {
  /** Measure of each example, shape `[B]`, ≥ 0. */
  perExample: number[];
  /** Measure of each task, shape `[K]`, ≥ 0; 0 for an absent task. */
  perDomain: number[];
  /** Examples of each task, shape `[K]`; 0 tells an absent task. */
  counts: number[];
  /** Mean proxy loss of each task, shape `[K]`; 0 for an absent task. */
  lossMeans: number[];
  /**
   * Mean reference loss of each task, shape `[K]`; 0 for an absent task or
   * without reference losses.
   */
  referenceMeans: number[];
}

/**
 * The reference implementation's `referenceFloor`. It applies it after its
 * normalisation, where it damps easy examples instead of boosting them (spec
 * section 15, S9).
 */
export const REFERENCE_FLOOR = 1e-4;

/** Smallest norm to divide by, as in the reference implementation. */
const NORM_FLOOR = 1e-12;

/** How far below 0 float32 rounding can put a loss that is really 0. */
const ROUNDING = 1e-3;

/**
 * Measures how badly the proxy does on each task of a micro-batch, compared
 * with the reference (spec sections 8 and 19).
 *
 * Rules for the edges: an absent task measures 0. A denominator under
 * `referenceFloor` (after normalisation; for `"ratio-of-means"`, a task's mean
 * reference loss) counts as 1. `"released"` without reference losses is `"raw"`, as in the
 * reference implementation; every other measure that needs them throws. A loss
 * in [−0.001, 0) is the rounding error of a 0 and counts as 0. Nothing here
 * ever gives NaN.
 *
 * @param observation The losses.
 * @param domainCount Number of tasks K.
 * @param options The measure.
 * @returns Measures and means.
 * @throws {RangeError} If lengths differ, the batch is empty, a loss is NaN,
 * infinite or negative, a domain id is out of range, or reference losses are
 * missing.
 *
 * @example Usage
 * ```ts
 * import { measureLosses } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const observation = {
 *   losses: [1, 3, 2],
 *   referenceLosses: [1, 1, 4],
 *   domains: [0, 0, 1],
 * };
 * const { perDomain } = measureLosses(observation, 3, {
 *   measure: "ratio-of-means",
 * });
 * assert.deepEqual(perDomain, [2, 0.5, 0]);
 * ```
 */
export function measureLosses(
  observation: LossObservation,
  domainCount: number,
  options: MeasureLossesOptions = {},
): MeasuredLosses {
  const settings = measureSettings(options);
  const counts = countDomains(observation, domainCount);
  const { domains } = observation;
  const losses = checkLosses("losses", observation.losses, domains.length);
  const reference = observation.referenceLosses
    ? checkLosses(
      "referenceLosses",
      observation.referenceLosses,
      domains.length,
    )
    : undefined;
  const lossMeans = domainMeans(losses, domains, counts);
  const referenceMeans = reference
    ? domainMeans(reference, domains, counts)
    : counts.map(() => 0);

  const perExample = exampleMeasures(settings, {
    losses,
    reference,
    referenceMeans,
    domains,
  });
  return {
    perExample,
    perDomain: domainMeans(perExample, domains, counts),
    counts,
    lossMeans,
    referenceMeans,
  };
}

/** The options with every default, checked. */
function measureSettings(
  {
    measure = "released",
    pNorm = 1,
    referenceFloor = REFERENCE_FLOOR,
    floorAsAt,
  }: MeasureLossesOptions,
): MeasureSettings {
  if (!(pNorm >= 0 && pNorm < Infinity)) {
    fail(`pNorm must be finite and >= 0: got ${pNorm}`);
  }
  // Without any floor, a reference loss of 0 would be divided by.
  if (!(referenceFloor > 0 && referenceFloor < Infinity)) {
    fail(`referenceFloor must be finite and > 0: got ${referenceFloor}`);
  }
  if (floorAsAt !== undefined) {
    if (!(Number.isSafeInteger(floorAsAt) && floorAsAt >= 1)) {
      fail(`floorAsAt must be an integer >= 1: got ${floorAsAt}`);
    }
    const normed = measure === "released" || measure === "relative-difference";
    if (!normed || pNorm === 0) {
      fail(
        `floorAsAt has no meaning ${
          normed ? "with pNorm 0" : `for the measure ${measure}`
        }, which doesn't divide by a norm; leave it out`,
      );
    }
  }
  return { measure, pNorm, referenceFloor, floorAsAt };
}

interface MeasureSettings
  extends Required<Omit<MeasureLossesOptions, "floorAsAt">> {
  floorAsAt: number | undefined;
}

function exampleMeasures(
  settings: MeasureSettings,
  { losses, reference, referenceMeans, domains }: {
    losses: number[];
    reference: number[] | undefined;
    referenceMeans: number[];
    domains: ArrayLike<number>;
  },
): number[] {
  const { measure, referenceFloor } = settings;
  if (measure === "raw") return losses;
  if (!reference) {
    if (measure === "released") return losses;
    fail(
      `measure "${measure}" needs referenceLosses; give a reference model, or use "raw"`,
    );
  }
  switch (measure) {
    case "released": {
      const divisors = normalized(reference, settings);
      return losses.map((loss, i) => loss / divisors[i]!);
    }
    case "ratio-of-means": {
      // The mean of l / mean(r) is mean(l) / mean(r).
      const divisors = referenceMeans.map((mean) =>
        floored(mean, referenceFloor)
      );
      return losses.map((loss, i) => loss / divisors[domains[i]!]!);
    }
    case "difference":
      return losses.map((loss, i) => Math.max(loss - reference[i]!, 0));
    case "relative-difference": {
      const divisors = normalized(reference, settings);
      return losses.map((loss, i) =>
        Math.max((loss - reference[i]!) / divisors[i]!, 0)
      );
    }
    default:
      return fail(`unknown measure: ${JSON.stringify(measure)}`);
  }
}

/** Reference losses over their p-norm over the whole batch, floored. */
function normalized(
  reference: number[],
  { pNorm, referenceFloor, floorAsAt }: MeasureSettings,
): number[] {
  if (pNorm === 0) return reference.map((r) => floored(r, referenceFloor));
  // Taken relative to the largest, so that no power overflows.
  const largest = reference.reduce((a, b) => Math.max(a, b), 0);
  let norm = 0;
  if (largest > 0) {
    for (const loss of reference) norm += (loss / largest) ** pNorm;
    norm = largest * norm ** (1 / pNorm);
  }
  // The norm of a batch that repeats these losses up to the other size.
  if (floorAsAt !== undefined) {
    norm *= (floorAsAt / reference.length) ** (1 / pNorm);
  }
  norm = Math.max(norm, NORM_FLOOR);
  return reference.map((loss) => floored(loss / norm, referenceFloor));
}

function floored(divisor: number, floor: number): number {
  return divisor < floor ? 1 : divisor;
}

function domainMeans(
  values: number[],
  domains: ArrayLike<number>,
  counts: number[],
): number[] {
  const sums = counts.map(() => 0);
  for (let i = 0; i < values.length; i++) sums[domains[i]!]! += values[i]!;
  return sums.map((sum, k) => sum / Math.max(counts[k]!, 1));
}

function countDomains(
  { domains, losses }: LossObservation,
  domainCount: number,
): number[] {
  if (!Number.isSafeInteger(domainCount) || domainCount < 1) {
    fail(`domainCount must be an integer >= 1: got ${domainCount}`);
  }
  if (losses.length === 0) fail("the batch has no examples");
  if (domains.length !== losses.length) {
    fail(
      `domains must have one entry for each of the ${losses.length} losses: got ${domains.length}`,
    );
  }
  const counts = new Array<number>(domainCount).fill(0);
  for (let i = 0; i < domains.length; i++) {
    const domain = domains[i]!;
    if (!(Number.isInteger(domain) && domain >= 0 && domain < domainCount)) {
      fail(
        `domains[${i}] must be an integer in [0, ${domainCount}): got ${domain}`,
      );
    }
    counts[domain]! += 1;
  }
  return counts;
}

function checkLosses(
  what: string,
  values: ArrayLike<number>,
  length: number,
): number[] {
  if (values.length !== length) {
    fail(
      `${what} must have one entry for each of the ${length} examples: got ${values.length}`,
    );
  }
  const checked = new Array<number>(length);
  for (let i = 0; i < length; i++) {
    const value = values[i]!;
    if (!(value >= -ROUNDING && value < Infinity)) {
      fail(`${what}[${i}] must be finite and >= 0: got ${value}`);
    }
    checked[i] = value > 0 ? value : 0;
  }
  return checked;
}

function fail(reason: string): never {
  throw new RangeError(`Cannot measure losses: ${reason}`);
}
