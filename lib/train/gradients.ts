import { readValues, type Tensor, type Variable } from "../backend/mod.ts";
import {
  addGradients,
  type Gradient,
  squareSum,
} from "../backend/kernels/mod.ts";

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
  const squared = squareSum(Object.values(gradients));
  const [value] = await readValues(squared);
  squared.dispose();
  return Math.sqrt(value!);
}

/** Frees gradients. */
export function disposeAll(gradients: Gradients | undefined): void {
  for (const gradient of Object.values(gradients ?? {})) gradient.dispose();
}
