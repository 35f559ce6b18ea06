import { native } from "../native_state.ts";
import { dataOf, runNative } from "../run_native.ts";
import { addGradients, type Gradient, RowGradient } from "./row_gradient.ts";

/**
 * Sum of two gradients that are the caller's alone: into the memory of one where
 * nobody else looks at it. Frees what isn't the sum.
 */
export function sumOfOwn(a: Gradient, b: Gradient): Gradient {
  if (
    native() && !(a instanceof RowGradient) && !(b instanceof RowGradient)
  ) {
    const into = [a, b].find((tensor) => dataOf(tensor).refCount === 1);
    if (into) {
      const other = into === a ? b : a;
      runNative("TdroAddInto", { inputs: [into, other] })[0]!.dispose();
      other.dispose();
      return into;
    }
  }
  const sum = addGradients(a, b);
  a.dispose();
  b.dispose();
  return sum;
}
