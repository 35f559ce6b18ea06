import * as tf from "@tensorflow/tfjs-core";
import type { NativeBackend } from "../setup/tensorflow.ts";
import type { ScoreBlock } from "./score_blocks.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/** A tensor as the addon gives it. */
interface Raw {
  id: number;
  shape: number[];
  dtype: number;
}

/** The addon: any TensorFlow op by name. */
interface Binding {
  TF_ATTR_TYPE: number;
  TF_ATTR_BOOL: number;
  TF_ATTR_INT: number;
  executeOp(
    name: string,
    attributes: { name: string; type: number; value: unknown }[],
    inputs: number[],
    outputs: number,
  ): Raw[];
  deleteTensor(id: number): void;
}

interface Native extends NativeBackend {
  binding: Binding;
  getInputTensorIds(tensors: Tensor[]): number[];
  createOutputTensor(raw: Raw): Tensor;
}

/** A matrix in bfloat16. */
export interface Bf16Matrix {
  /** The addon's number of its tensor. */
  id: number;
  /** Number of rows. */
  count: number;
}

// TensorFlow's numbers of types.
const FLOAT = 1, INT32 = 3, INT16 = 5, BFLOAT16 = 14;

/**
 * bfloat16 on the `tensorflow` backend. tfjs has no such type, so these tensors
 * are bare numbers of the addon: what isn't freed here stays.
 */
export class Bf16Ops {
  #native: Native;

  constructor(native: Native) {
    this.#native = native;
  }

  /** A float32 tensor, rounded to nearest. */
  round(x: Tensor): number {
    return this.#cast(this.#id(x), FLOAT, BFLOAT16);
  }

  /** The values as a float32 tensor. */
  widen(x: number): Tensor {
    const [raw] = this.#run("Cast", { SrcT: BFLOAT16, DstT: FLOAT }, [x], {
      Truncate: false,
    });
    return this.#native.createOutputTensor(raw!);
  }

  /** Frees a tensor. */
  free(...ids: number[]): void {
    for (const id of ids) this.#native.binding.deleteTensor(id);
  }

  /** A product of matrices: unless told otherwise, of the rows of both. */
  product(
    a: number,
    b: number,
    { transposeA = false, transposeB = true } = {},
  ): number {
    return this.#run("MatMul", { T: BFLOAT16 }, [a, b], {
      transpose_a: transposeA,
      transpose_b: transposeB,
    })[0]!.id;
  }

  /** Scores of queries `[Q, D]` with rows `[P, D]`, P a multiple of `group`. */
  scoreBlock(
    queries: Bf16Matrix,
    rows: Bf16Matrix,
    group: number,
  ): ScoreBlock {
    const all = this.product(queries.id, rows.id);
    const shape = [queries.count * rows.count / group, group];
    const groups = this.#reshape(all, shape, BFLOAT16);
    this.free(all);
    return {
      maxima: () => this.#fetch(this.#maxima(groups)),
      scores: (which) => {
        const taken = this.#gather(groups, which);
        const wide = this.widen(taken);
        this.free(taken);
        return this.#fetch(wide);
      },
      dispose: () => this.free(groups),
    };
  }

  /**
   * The bits of a bfloat16 as a whole number order like its values, but for
   * negative ones, which order the other way round. So the largest number is
   * the largest value, unless all are negative; and TensorFlow finds it twice
   * as fast as among bfloat16 (52 against 78 ms for 100,000 × 1,000 scores,
   * product included).
   */
  #maxima(groups: number): Tensor {
    const bits = this.#bitcast(groups, BFLOAT16, INT16);
    const largest = tf.tidy(() => {
      const axis = this.#id(tf.scalar(1, "int32"));
      return this.#run("Max", { T: INT16, Tidx: INT32 }, [bits, axis], {
        keep_dims: false,
      })[0]!.id;
    });
    const values = this.#bitcast(largest, INT16, BFLOAT16);
    const wide = this.widen(values);
    this.free(bits, largest, values);
    return wide;
  }

  #gather(groups: number, which: Int32Array): number {
    return tf.tidy(() => {
      const index = this.#id(tf.tensor1d(which, "int32"));
      const axis = this.#id(tf.scalar(0, "int32"));
      const { binding } = this.#native;
      return binding.executeOp(
        "GatherV2",
        [
          { name: "Tparams", type: binding.TF_ATTR_TYPE, value: BFLOAT16 },
          { name: "Tindices", type: binding.TF_ATTR_TYPE, value: INT32 },
          { name: "Taxis", type: binding.TF_ATTR_TYPE, value: INT32 },
          { name: "batch_dims", type: binding.TF_ATTR_INT, value: 0 },
        ],
        [groups, index, axis],
        1,
      )[0]!.id;
    });
  }

  #reshape(x: number, shape: number[], type: number): number {
    return tf.tidy(() => {
      const to = this.#id(tf.tensor1d(shape, "int32"));
      return this.#run("Reshape", { T: type, Tshape: INT32 }, [x, to])[0]!.id;
    });
  }

  #bitcast(x: number, from: number, to: number): number {
    return this.#run("Bitcast", { T: from, type: to }, [x])[0]!.id;
  }

  #cast(x: number, from: number, to: number): number {
    return this.#run("Cast", { SrcT: from, DstT: to }, [x], {
      Truncate: false,
    })[0]!.id;
  }

  #id(x: Tensor): number {
    return this.#native.getInputTensorIds([x])[0]!;
  }

  async #fetch(x: Tensor): Promise<Float32Array> {
    try {
      return await x.data<"float32">() as Float32Array;
    } finally {
      x.dispose();
    }
  }

  #run(
    name: string,
    types: Record<string, number>,
    inputs: number[],
    flags: Record<string, boolean> = {},
  ): Raw[] {
    const { binding } = this.#native;
    const attributes = [
      ...Object.entries(types).map(([name, value]) => ({
        name,
        type: binding.TF_ATTR_TYPE,
        value,
      })),
      ...Object.entries(flags).map(([name, value]) => ({
        name,
        type: binding.TF_ATTR_BOOL,
        value,
      })),
    ];
    return binding.executeOp(name, attributes, inputs, 1);
  }
}

/**
 * bfloat16 where it pays and can be trusted: on TensorFlow's CPU kernels, if
 * the processor multiplies it (elsewhere it's emulated, slower than float32;
 * `evenSlow` takes it all the same), and if sums are kept in float32: in
 * bfloat16 the sum of 4,096 ones would stop at 256.
 */
export function bf16OpsThatAddExactly(evenSlow: boolean): Bf16Ops | undefined {
  if (tf.getBackend() !== "tensorflow") return;
  const native = tf.backend() as unknown as Native;
  if (native.isUsingGpuDevice || !(evenSlow || processorHasBf16())) return;
  const ops = new Bf16Ops(native);
  const sums = tf.tidy(() => {
    const ones = ops.round(tf.ones([16, 4096]));
    const product = ops.product(ones, ones);
    const wide = ops.widen(product).dataSync<"float32">();
    ops.free(ones, product);
    return wide;
  });
  return sums.every((sum) => sum === 4096) ? ops : undefined;
}

/** Linux tells; nobody else is asked, since no other has the wheels with it. */
function processorHasBf16(): boolean {
  try {
    return /^flags.*\b(amx_bf16|avx512_bf16)\b/m.test(
      Deno.readTextFileSync("/proc/cpuinfo"),
    );
  } catch {
    return false;
  }
}
