import type { StepWeightsOptions } from "./step_weights.ts";
import type { WeightState } from "./weight_state.ts";

/** The options of a step with every default filled in. */
export type WeightSettings =
  & Required<Omit<StepWeightsOptions, "prior">>
  & Pick<StepWeightsOptions, "prior">;

const DEFAULTS: WeightSettings = {
  measure: "released",
  pNorm: 1,
  eta: 0.02,
  accumulate: 1,
  clip: "norm",
  maxNorm: 1,
  optimizer: "sgd",
  weightDecay: 0,
  weightEma: false,
  ema: 0.1,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  rmspropAlpha: 0.99,
  normalize: true,
  smoothing: 0,
  priorStrength: 0,
  floor: 0,
  cap: 1,
  frozen: [],
};

/** Fills in defaults, and throws where the options don't fit the state. */
export function weightSettings(
  options: StepWeightsOptions,
  state: WeightState,
): WeightSettings {
  const settings: WeightSettings = { ...DEFAULTS, ...defined(options) };
  checkSettings(settings, state);
  return settings;
}

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
      fail(`${name} must be in [${low}, ${high}] and finite: got ${value}`);
    }
  }
  if (!Number.isInteger(settings.accumulate)) {
    fail(`accumulate must be an integer: got ${settings.accumulate}`);
  }
  for (const name of ["beta1", "beta2", "rmspropAlpha"] as const) {
    if (settings[name] === 1) fail(`${name} must be below 1: got 1`);
  }
  if (settings.maxNorm === 0) fail("maxNorm must be > 0: got 0");
  oneOf("clip", settings.clip, ["norm", "value", "none"]);
  oneOf("optimizer", settings.optimizer, [
    "sgd",
    "adamw",
    "adagrad",
    "rmsprop",
  ]);
  const part = state.logWeights.filter((u) => u !== null).length;
  // Rounding of 1 / part must not count as too much.
  if (settings.floor * part > 1 + 1e-9 || settings.cap * part < 1 - 1e-9) {
    fail(
      `floor must be <= 1/${part} and cap >= 1/${part} for ${part} tasks with a weight: got floor ${settings.floor}, cap ${settings.cap}`,
    );
  }
  checkFrozen(settings, state.curr.length);
  const { prior } = settings;
  if (!prior) return;
  if (prior.length !== state.curr.length) {
    fail(
      `prior must have one entry for each of the ${state.curr.length} tasks: got ${prior.length}`,
    );
  }
  const bad = prior.findIndex((value, k) =>
    state.logWeights[k] !== null && !(value > 0 && value < Infinity)
  );
  if (bad >= 0) {
    fail(`prior[${bad}] must be finite and > 0: got ${prior[bad]}`);
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
      `frozen can't be combined with smoothing (${smoothing}), floor (${floor}) or cap (${cap}), which change ratios; leave them at 0, 0 and 1`,
    );
  }
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    fail(`${name} must be one of ${allowed.join(", ")}: got ${value}`);
  }
}

/** Drops what is undefined, so that it doesn't hide a default. */
function defined(options: StepWeightsOptions): StepWeightsOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
}

function fail(reason: string): never {
  throw new RangeError(`Cannot step weights: ${reason}`);
}
