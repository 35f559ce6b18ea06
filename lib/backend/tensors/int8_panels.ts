import * as tf from "@tensorflow/tfjs-core";
import { dataVersion } from "../autograd/changed_data.ts";
import { runNative } from "../run_native.ts";
import type { Tensor, Tensor2D, Variable } from "./tensor_types.ts";

/** What a weight was when it was quantised, and what came out. */
interface Panels {
  panels: Tensor;
  data: object;
  count: number;
}

/** Those of variables, kept until they change or are forgotten. */
const KEPT = new WeakMap<Tensor, Panels>();

/**
 * A weight in whole numbers of 8 bits, as the compiled kernels take it: see
 * `native/int8.cc`. A variable is quantised once, and again when its numbers have
 * changed.
 *
 * @param weight Shape `[out, in]`.
 * @returns Bits that no other operation makes sense of; those of a variable are
 * not the caller's.
 */
export function int8Panels(weight: Tensor2D): Tensor {
  const make = () => runNative("TdroPackInt8", { inputs: [weight] })[0]!;
  if (!isVariable(weight)) return make();
  const kept = KEPT.get(weight);
  const { data, count } = dataVersion(weight);
  if (kept && kept.data === data && kept.count === count) return kept.panels;
  kept?.panels.dispose();
  const panels = tf.keep(make());
  KEPT.set(weight, { panels, data, count });
  return panels;
}

function isVariable(tensor: Tensor): tensor is Variable & Tensor2D {
  return tensor instanceof tf.Variable;
}

/**
 * Frees what is kept of variables for products in `int8`.
 *
 * @param variables The variables; they stay as they are.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { forgetPanels, linear } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const weight = tf.variable(tf.tensor2d([[3, 4]]));
 * const x = tf.tensor2d([[1, 2]]);
 * const before = tf.memory().numTensors;
 * linear(x, weight, { precision: "int8" }).dispose();
 * forgetPanels([weight]);
 * assert.equal(tf.memory().numTensors, before);
 * ```
 */
export function forgetPanels(variables: Iterable<Tensor>): void {
  for (const variable of variables) {
    KEPT.get(variable)?.panels.dispose();
    KEPT.delete(variable);
  }
}
