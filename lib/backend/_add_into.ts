import { dataOf, native, runNative } from "./_native.ts";
import { addGradients, type Gradient, RowGradient } from "./row_gradient.ts";
import type { Tensor } from "./tensor_types.ts";

/**
 * Sum of two gradients that are the caller's alone: into the memory of one where
 * nobody else looks at it. Frees what isn't the sum.
 */
export function sumOfOwn(a: Gradient, b: Gradient): Gradient {
  const into = [a, b].find(isOnlyOwn);
  if (into && !(a instanceof RowGradient) && !(b instanceof RowGradient)) {
    const other = into === a ? b : a;
    runNative("TdroAddInto", { inputs: [into as Tensor, other] })[0]!.dispose();
    other.dispose();
    return into;
  }
  const sum = addGradients(a, b);
  a.dispose();
  b.dispose();
  return sum;
}

/** Whether a kernel may change it where it lies. */
function isOnlyOwn(gradient: Gradient): boolean {
  return native() && !(gradient instanceof RowGradient) &&
    dataOf(gradient).refCount === 1;
}
