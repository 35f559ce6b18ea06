import assert from "node:assert/strict";
import type {
  LossMeasure,
  LossObservation,
} from "../../lib/dro/update/measure_losses.ts";
import type {
  StepWeightsOptions,
  WeightOptimizer,
} from "../../lib/dro/update/step_weights.ts";
import type {
  LearningRateFactorOptions,
  Schedule,
} from "../../lib/train/schedule.ts";
import { readShared } from "../_shared.ts";

/** Settings of the reference implementation, absent ones at its defaults. */
export interface ReferenceSettings {
  group_loss_minus_ref_loss?: boolean;
  normalize_group_loss_scale_with_ref_loss?: boolean;
  p_norm_of_ref_loss?: number;
  normalize_weights_on_every_update?: boolean;
  reweight_eta?: number;
  ema?: number;
  weight_ema?: boolean;
  dro_optimizer?: string;
  dro_weight_decay?: number;
  dro_apply_grad_norm?: boolean;
  dro_apply_grad_clip?: boolean;
  dro_max_grad_norm?: number;
  gradient_accumulation_steps?: number;
  dro_lr_scheduler_type?: string;
  dro_epsilon?: number;
  dro_adam_beta1?: number;
  dro_adam_beta2?: number;
  dro_rmsprop_alpha?: number;
}

export interface ReferenceBatch {
  losses: number[];
  ref_losses: number[] | null;
  domain_ids: number[];
}

/** Updates of the reference implementation, one after another. */
export interface Sequence {
  name: string;
  n_updates: number;
  gradient_accumulation_steps: number;
  settings: ReferenceSettings;
  scheduler: {
    total_steps: number;
    warmup_steps: number;
    min_lr_ratio: number;
  };
  initial_weights: number[];
  micro_batches: ReferenceBatch[];
  expected_robust_loss_per_micro_batch: number[];
  expected_updates: {
    lr: number;
    grad_used: number[];
    log_weights: number[];
    curr: number[];
    mean: number[];
    ema: number[];
  }[];
}

/** All of its sequences. */
export function referenceSequences(): Sequence[] {
  return readShared("fixtures/tdro/weights_trajectory.json").sequences;
}

/** A sequence's settings and the schedule of its eta, in our words. */
export function updatesOf({ settings, scheduler, ...one }: Sequence): {
  options: StepWeightsOptions;
  schedule: LearningRateFactorOptions;
} {
  return {
    options: optionsOf({
      ...settings,
      gradient_accumulation_steps: one.gradient_accumulation_steps,
    }),
    schedule: {
      schedule: settings.dro_lr_scheduler_type!
        .replaceAll("_", "-") as Schedule,
      totalSteps: scheduler.total_steps,
      warmupSteps: scheduler.warmup_steps,
      minRatio: scheduler.min_lr_ratio,
    },
  };
}

/** The same settings in our words. */
export function optionsOf(settings: ReferenceSettings): StepWeightsOptions {
  const minus = settings.group_loss_minus_ref_loss ?? false;
  const relative = settings.normalize_group_loss_scale_with_ref_loss ?? false;
  const measure: LossMeasure = minus
    ? (relative ? "relative-difference" : "difference")
    : (relative ? "released" : "raw");
  return {
    measure,
    pNorm: settings.p_norm_of_ref_loss,
    eta: settings.reweight_eta ?? 0.25,
    accumulate: settings.gradient_accumulation_steps,
    clip: {
      by: settings.dro_apply_grad_norm
        ? "norm"
        : settings.dro_apply_grad_clip
        ? "value"
        : "none",
      max: settings.dro_max_grad_norm,
    },
    optimizer: {
      name: (settings.dro_optimizer ?? "sgd").replace(
        "_torch",
        "",
      ) as WeightOptimizer,
      weightDecay: settings.dro_weight_decay,
      weightEma: settings.weight_ema,
      beta1: settings.dro_adam_beta1,
      beta2: settings.dro_adam_beta2,
      epsilon: settings.dro_epsilon,
      rmspropAlpha: settings.dro_rmsprop_alpha,
    },
    ema: settings.ema,
    normalize: settings.normalize_weights_on_every_update ?? false,
  };
}

export function observationOf(batch: ReferenceBatch): LossObservation {
  return {
    losses: batch.losses,
    referenceLosses: batch.ref_losses,
    domains: batch.domain_ids,
  };
}

/**
 * The fixtures' values are float64 runs printed with 10 significant digits:
 * half a digit in the 10th is a relative 5e-10. Start weights such as
 * 0.3333333333 and sums over dozens of updates add a few times that.
 */
export function close(actual: number, expected: number, what: string): void {
  const tolerance = 5e-9 * Math.max(1, Math.abs(expected));
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${what}: ${actual} for ${expected}`,
  );
}

export function allClose(
  actual: readonly (number | null)[],
  expected: readonly number[],
  what: string,
): void {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((value, i) =>
    close(value ?? NaN, expected[i]!, `${what}[${i}]`)
  );
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
