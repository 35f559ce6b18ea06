import * as tf from "@tensorflow/tfjs-core";
import { type BackendName, useBackend } from "../lib/backend/mod.ts";
import { findInstallation } from "../lib/backend/setup/tensorflow.ts";

/** Set where the native backend must be there: its tests then fail, not skip. */
const REQUIRED = Deno.env.get("TDRO_REQUIRE_TENSORFLOW") === "1";

/**
 * Registers one test per backend, `wasm` and `tensorflow`. The native one is
 * reported as ignored where it isn't set up, unless it is required.
 */
export function onBackends(
  name: string,
  body: (backend: BackendName) => void | Promise<void>,
  backends: BackendName[] = ["wasm", "tensorflow"],
): void {
  for (const backend of backends) {
    Deno.test({
      name: `${name} [${backend}]`,
      ignore: backend === "tensorflow" && !REQUIRED && !findInstallation(),
      fn: async () => {
        await useBackend(backend);
        await body(backend);
      },
    });
  }
}

/** Largest absolute difference of two equally long lists. */
export function maxDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (!(d <= worst)) worst = d; // NaN counts as a difference
  }
  return worst;
}

/** Deterministic numbers that look random, in [-1, 1). */
export function noise(count: number, seed = 1): Float32Array {
  let state = seed * 2654435761 >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/**
 * Checks the gradient of sum(weights · f(inputs)) by each input against
 * central differences. The step of 2^-7 makes the truncation error h²/6·f'''
 * about 1e-5, and float32 rounding about 6e-8·|f|/h, also 1e-5, for values
 * around 1: `tolerance` is ten times the larger.
 */
export function checkGradient(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: { shape: number[]; values: Float32Array }[],
  tolerance = 2e-3,
): void {
  const make = (values: Float32Array, shape: number[]) =>
    tf.tensor(values, shape, "float32");
  const probe = tf.tidy(() =>
    f(...inputs.map((x) => make(x.values, x.shape))).shape
  );
  const size = probe.reduce((a, b) => a * b, 1);
  const weights = noise(size, 99);
  const scalar = (...tensors: tf.Tensor[]) =>
    tf.sum(tf.mul(f(...tensors), make(weights, probe)));
  const found = tf.tidy(() =>
    tf.grads((...tensors: tf.Tensor[]) => scalar(...tensors))(
      inputs.map((x) => make(x.values, x.shape)),
    ).map((g) => g.dataSync())
  );
  const h = 2 ** -7;
  const value = (which: number, at: number, shift: number) =>
    tf.tidy(() => {
      // Summed in float64 here: the float32 sum would lose the difference.
      const tensors = inputs.map((x, i) => {
        const values = x.values.slice();
        if (i === which) values[at] = values[at]! + shift;
        return make(values, x.shape);
      });
      const out = f(...tensors).dataSync<"float32">();
      return out.reduce((sum, v, i) => sum + v * weights[i]!, 0);
    });
  inputs.forEach((x, which) => {
    for (let at = 0; at < x.values.length; at++) {
      const expected = (value(which, at, h) - value(which, at, -h)) / (2 * h);
      const got = found[which]![at]!;
      if (
        !(Math.abs(got - expected) <=
          tolerance * Math.max(1, Math.abs(expected)))
      ) {
        throw new Error(
          `gradient by input ${which}, element ${at}: got ${got}, differences give ${expected}`,
        );
      }
    }
  });
}
