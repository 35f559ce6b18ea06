import type { WeightOptimizer } from "./ascend.ts";
import {
  type MeasureLossesOptions,
  REFERENCE_FLOOR,
} from "./measure_losses.ts";
import type { ClipKind, StepWeightsOptions } from "./step_weights.ts";
import type { WeightState } from "./weight_state.ts";

/** The options of a step, without groups and with every default filled in. */
export interface WeightSettings
  extends Required<Omit<MeasureLossesOptions, "floorAsAt">> {
  floorAsAt: number | undefined;
  eta: number;
  accumulate: number;
  ema: number;
  normalize: boolean;
  clip: ClipKind;
  maxNorm: number;
  optimizer: WeightOptimizer;
  weightDecay: number;
  weightEma: boolean;
  beta1: number;
  beta2: number;
  epsilon: number;
  rmspropAlpha: number;
  smoothing: number;
  floor: number;
  cap: number;
  priorStrength: number;
  prior: readonly number[] | undefined;
  frozen: readonly number[];
}

/** Fills in defaults, and throws where the options don't fit the state. */
export function weightSettings(
  options: StepWeightsOptions,
  state: WeightState,
): WeightSettings {
  const {
    measure = "released",
    pNorm = 1,
    referenceFloor = REFERENCE_FLOOR,
    floorAsAt,
    eta = 0.02,
    accumulate = 1,
    ema = 0.1,
    normalize = true,
    clip = {},
    optimizer = {},
    bounds = {},
    prior = {},
    frozen = [],
    ...others
  } = options;
  refuseOthers("", others);
  const {
    name = "sgd",
    weightDecay = 0,
    weightEma = false,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    rmspropAlpha = 0.99,
    ...otherOptimizer
  } = typeof optimizer === "string" ? { name: optimizer } : optimizer;
  refuseOthers("optimizer.", otherOptimizer);
  const { smoothing = 0, floor = 0, cap = 1, ...otherBounds } = bounds;
  refuseOthers("bounds.", otherBounds);
  const { strength = 0, weights, ...otherPrior } = prior;
  refuseOthers("prior.", otherPrior);
  const settings: WeightSettings = {
    measure,
    pNorm,
    referenceFloor,
    floorAsAt,
    eta,
    accumulate,
    ema,
    normalize,
    ...clipSettings(clip),
    optimizer: name,
    weightDecay,
    weightEma,
    beta1,
    beta2,
    epsilon,
    rmspropAlpha,
    smoothing,
    floor,
    cap,
    priorStrength: strength,
    prior: weights,
    frozen,
  };
  checkSettings(settings, state);
  return settings;
}

/** {@linkcode weightSettings} of the clip alone. */
export function clipSettings(
  clip: NonNullable<StepWeightsOptions["clip"]>,
): Pick<WeightSettings, "clip" | "maxNorm"> {
  const { by = "norm", max = 1, ...others } = typeof clip === "string"
    ? { by: clip }
    : clip;
  refuseOthers("clip.", others);
  return { clip: by, maxNorm: max };
}

/** An option that nobody reads would silently do nothing. */
function refuseOthers(group: string, others: object): void {
  const [name] = Object.keys(others);
  if (name !== undefined) fail(`there is no option ${group}${name}`);
}

/** Settings as callers know them. */
const NAMES: Readonly<Record<string, string>> = {
  maxNorm: "clip.max",
  clip: "clip.by",
  optimizer: "optimizer.name",
  weightDecay: "optimizer.weightDecay",
  beta1: "optimizer.beta1",
  beta2: "optimizer.beta2",
  epsilon: "optimizer.epsilon",
  rmspropAlpha: "optimizer.rmspropAlpha",
  smoothing: "bounds.smoothing",
  floor: "bounds.floor",
  cap: "bounds.cap",
  priorStrength: "prior.strength",
};

function checkSettings(settings: WeightSettings, state: WeightState): void {
  const bounds = {
    eta: [0, Infinity],
    accumulate: [1, Infinity],
    maxNorm: [0, Infinity],
    weightDecay: [0, Infinity],
    ema: [0, 1],
    beta1: [0, 1],
    beta2: [0, 1],
    epsilon: [0, Infinity],
    rmspropAlpha: [0, 1],
    smoothing: [0, 1],
    priorStrength: [0, Infinity],
    floor: [0, 1],
    cap: [0, 1],
  } as const;
  for (const [name, [low, high]] of Object.entries(bounds)) {
    const value = settings[name as keyof typeof bounds];
    if (!(value >= low && value <= high && value < Infinity)) {
      fail(
        `${
          NAMES[name] ?? name
        } must be in [${low}, ${high}] and finite: got ${value}`,
      );
    }
  }
  if (!Number.isInteger(settings.accumulate)) {
    fail(`accumulate must be an integer: got ${settings.accumulate}`);
  }
  for (const name of ["beta1", "beta2", "rmspropAlpha"] as const) {
    if (settings[name] === 1) fail(`${NAMES[name]} must be below 1: got 1`);
  }
  if (settings.maxNorm === 0) fail("clip.max must be > 0: got 0");
  oneOf("clip.by", settings.clip, ["norm", "value", "none"]);
  oneOf("optimizer.name", settings.optimizer, [
    "sgd",
    "adamw",
    "adagrad",
    "rmsprop",
  ]);
  const part = state.logWeights.filter((u) => u !== null).length;
  // Rounding of 1 / part must not count as too much.
  if (settings.floor * part > 1 + 1e-9 || settings.cap * part < 1 - 1e-9) {
    fail(
      `bounds.floor must be <= 1/${part} and bounds.cap >= 1/${part} for ${part} tasks with a weight: got floor ${settings.floor}, cap ${settings.cap}`,
    );
  }
  checkFrozen(settings, state.curr.length);
  const { prior } = settings;
  if (!prior) return;
  if (prior.length !== state.curr.length) {
    fail(
      `prior.weights must have one entry for each of the ${state.curr.length} tasks: got ${prior.length}`,
    );
  }
  const bad = prior.findIndex((value, k) =>
    state.logWeights[k] !== null && !(value > 0 && value < Infinity)
  );
  if (bad >= 0) {
    fail(`prior.weights[${bad}] must be finite and > 0: got ${prior[bad]}`);
  }
}

function checkFrozen(
  { frozen, smoothing, floor, cap }: WeightSettings,
  domains: number,
): void {
  if (frozen.length === 0) return;
  const stray = frozen.find((k) =>
    !(Number.isInteger(k) && k >= 0 && k < domains)
  );
  if (stray !== undefined) {
    fail(`frozen must be integers in [0, ${domains}): got ${stray}`);
  }
  if (smoothing > 0 || floor > 0 || cap < 1) {
    fail(
      `frozen can't be combined with bounds.smoothing (${smoothing}), bounds.floor (${floor}) or bounds.cap (${cap}), which change ratios; leave them at 0, 0 and 1`,
    );
  }
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    fail(`${name} must be one of ${allowed.join(", ")}: got ${value}`);
  }
}

function fail(reason: string): never {
  throw new RangeError(`Cannot step weights: ${reason}`);
}
