import { dataOf, native, runNative } from "./_native.ts";
import { addGradients, type Gradient, RowGradient } from "./row_gradient.ts";

/**
 * Sum of two gradients that are the caller's alone: into the first one's memory
 * where nobody else looks at it. Frees what isn't the sum.
 */
export function sumOfOwn(a: Gradient, b: Gradient): Gradient {
  if (
    native() && !(a instanceof RowGradient) && !(b instanceof RowGradient) &&
    dataOf(a).refCount === 1
  ) {
    runNative("TdroAddInto", { inputs: [a, b] })[0]!.dispose();
    b.dispose();
    return a;
  }
  const sum = addGradients(a, b);
  a.dispose();
  b.dispose();
  return sum;
}
