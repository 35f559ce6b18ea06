import * as tf from "@tensorflow/tfjs-core";
import {
  addGradients,
  type Gradient,
  readValues,
  RowGradient,
  type Tensor,
  type Variable,
} from "../backend/mod.ts";

/** Gradient by parameter name. */
export type Gradients = Record<string, Gradient>;

/** The gradients that a tape found, by name, in the parameters' order. */
export function byName(
  parameters: ReadonlyMap<string, Variable>,
  found: ReadonlyMap<Tensor, Gradient>,
): Gradients {
  const gradients: Gradients = {};
  for (const [name, parameter] of parameters) {
    const gradient = found.get(parameter);
    if (gradient) gradients[name] = gradient;
  }
  return gradients;
}

/** Adds gradients into the first set, which may be absent; frees the parts. */
export function addAll(sum: Gradients | undefined, more: Gradients): Gradients {
  if (!sum) return more;
  for (const [name, gradient] of Object.entries(more)) {
    const before = sum[name];
    if (before) {
      sum[name] = addGradients(before, gradient);
      before.dispose();
      gradient.dispose();
    } else sum[name] = gradient;
  }
  return sum;
}

/** Euclidean norm of all gradients together. */
export async function gradientNorm(gradients: Gradients): Promise<number> {
  const parts = Object.values(gradients);
  if (parts.length === 0) return 0;
  // Not by addN: on webgpu it binds every input to one shader, and where they
  // are more than the adapter allows (often 8) the sum is silently wrong.
  const squared = tf.tidy(() =>
    tf.sum(tf.stack(parts.map((g) => tf.sum(tf.square(valuesOf(g))))))
  );
  const [value] = await readValues(squared);
  squared.dispose();
  return Math.sqrt(value!);
}

/** Frees gradients. */
export function disposeAll(gradients: Gradients | undefined): void {
  for (const gradient of Object.values(gradients ?? {})) gradient.dispose();
}

/** All numbers of a gradient that may differ from zero, each once. */
function valuesOf(gradient: Gradient): Tensor {
  return gradient instanceof RowGradient ? gradient.rows : gradient;
}
