import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { Tape } from "../../lib/backend/kernels/mod.ts";
import { maxDifference, noise } from "../_backends.ts";
import { read } from "../_webgpu.ts";
import type { KernelCase } from "./_kernel_cases.ts";

/** A kernel's value and gradients, as numbers, on any backend. */
export async function evaluate(
  { run, shapes }: KernelCase,
): Promise<number[][]> {
  const inputs = shapes.map((shape, i) =>
    tf.tensor(
      noise(shape.reduce((a, b) => a * b, 1), i + 1).map((v) => 3 * v),
      shape,
    )
  );
  const tape = new Tape(inputs);
  const y = tf.tidy(() => run(inputs, tape));
  const dy = tf.tensor(noise(y.size, 50), y.shape);
  const found = tape.backward([[y, dy]]);
  const values = await read([y, ...inputs.map((input) => found.get(input)!)]);
  tf.dispose([...inputs, dy]);
  return values;
}

/** Checks such numbers against others, each result by its largest number. */
export function assertNear(
  got: readonly (readonly number[])[],
  want: readonly (readonly number[])[],
  tolerance = 5e-6,
): void {
  want.forEach((values, i) => {
    const size = values.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
    const drift = maxDifference(got[i]!, values) / size;
    assert.ok(
      drift < tolerance,
      `${i === 0 ? "value" : `gradient ${i - 1}`} drifts by ${drift}`,
    );
  });
}
