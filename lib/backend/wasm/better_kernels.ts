import * as tf from "@tensorflow/tfjs-core";
import { runInside } from "./run_wasm.ts";

/** What tfjs's backend has and doesn't declare. */
interface WasmBackend extends tf.KernelBackend {
  readSync(dataId: object): Int32Array;
}

/** What a kernel of tfjs is given. */
interface Arguments {
  inputs: Record<string, tf.TensorInfo>;
  backend: WasmBackend;
  attrs: Record<string, unknown>;
}

/** A kernel's result, or nothing where tfjs's own shall compute it. */
type Better = (call: Arguments) => tf.TensorInfo | undefined;

/** By the names of tfjs's kernels, for `tf.matMul()` and the like. */
const BETTER: Readonly<Record<string, Better>> = {
  BatchMatMul: matMul,
  GatherV2: gather,
  Identity: share,
};

/**
 * Puts our kernels before those of tfjs's `wasm` backend that are slow.
 *
 * @param wanted Whether they are used at the moment.
 */
export function registerBetterKernels(wanted: () => boolean): void {
  for (const [kernelName, better] of Object.entries(BETTER)) {
    const own = tf.getKernel(kernelName, "wasm");
    tf.unregisterKernel(kernelName, "wasm");
    tf.registerKernel({
      ...own,
      kernelFunc: (call) =>
        wanted() && better(call as Arguments) || own.kernelFunc(call),
    });
  }
}

/** A single product. tfjs's needs 20 times as long where one side is transposed. */
function matMul({ inputs, attrs }: Arguments): tf.TensorInfo | undefined {
  const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
  if (a.shape.length !== 2 || b.shape.length !== 2) return;
  if (a.dtype !== "float32" || b.dtype !== "float32") return;
  const { transposeA, transposeB } = attrs;
  const settings = [transposeA ? 1 : 0, transposeB ? 1 : 0, FLOAT32, 1];
  return runInside("TdroMatMul", { inputs: [a, b], settings })[0];
}

/** The precision's number, see `native/precision.h`. */
const FLOAT32 = 3;

/** Rows of a matrix, copied whole: tfjs copies number by number. */
function gather({ inputs, attrs, backend }: Arguments) {
  const { x, indices } = inputs as Record<"x" | "indices", tf.TensorInfo>;
  if (x.shape.length !== 2 || x.dtype !== "float32") return;
  if (indices.shape.length !== 1 || indices.dtype !== "int32") return;
  if (attrs.axis !== 0 || attrs.batchDims) return;
  const ids = backend.readSync(indices.dataId);
  const V = x.shape[0]!;
  if (ids.some((id) => !(id >= 0 && id < V))) return; // tfjs says what is wrong
  return runInside("TdroGather", { inputs: [x], ints: [ids] })[0];
}

/** The same data under another tensor; tfjs copies it. */
function share({ inputs, backend }: Arguments): tf.TensorInfo {
  const { dataId, shape, dtype } = inputs.x!;
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}
