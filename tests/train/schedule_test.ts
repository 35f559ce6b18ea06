import assert from "node:assert/strict";
import { learningRateFactor, type Schedule } from "../../lib/train/schedule.ts";
import { readShared, withShared } from "../_shared.ts";

interface ScheduleCase {
  schedule: string;
  total_steps: number;
  warmup_steps: number;
  min_lr_ratio: number | null;
  base_lr: number;
  lr_by_step: [number, number][];
}

withShared("learningRateFactor() matches the reference's schedules", () => {
  const { cases } = readShared("fixtures/tdro/schedules.json") as {
    cases: ScheduleCase[];
  };
  assert.equal(cases.length, 32);
  for (const one of cases) {
    const schedule = one.schedule.replaceAll("_", "-") as Schedule;
    const options = {
      schedule,
      totalSteps: one.total_steps,
      warmupSteps: one.warmup_steps,
      minRatio: one.min_lr_ratio ?? 0,
    };
    for (const [step, rate] of one.lr_by_step) {
      const actual = one.base_lr * learningRateFactor(step, options);
      // The fixture holds 12 significant digits.
      assert.ok(
        Math.abs(actual - rate) <= 1e-11 * one.base_lr,
        `${JSON.stringify(options)} step ${step}: ${actual} for ${rate}`,
      );
    }
  }
});

Deno.test("learningRateFactor() of a warm-up starts at 0, not at minRatio", () => {
  const options = { totalSteps: 10, warmupSteps: 4, minRatio: 0.1 };
  assert.equal(learningRateFactor(0, options), 0);
  assert.equal(learningRateFactor(1, options), 0.25);
  assert.equal(learningRateFactor(4, options), 1);
});

Deno.test("learningRateFactor() rejects what it can't use", () => {
  const at = (step: number, more = {}) => () =>
    learningRateFactor(step, { totalSteps: 10, ...more });
  assert.throws(at(-1), /step must be finite and >= 0: got -1/);
  assert.throws(at(NaN), RangeError);
  assert.throws(at(0, { totalSteps: Infinity }), /totalSteps/);
  assert.throws(at(0, { warmupSteps: -2 }), /warmupSteps/);
  assert.throws(at(0, { minRatio: 1.5 }), /minRatio must be in \[0, 1\]/);
  assert.throws(at(0, { schedule: "step" }), /schedule must be one of/);
});
