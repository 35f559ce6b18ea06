import * as tf from "@tensorflow/tfjs-core";
import {
  checkGpu,
  nativeOnWasm,
  nativeOnWebgpu,
  state,
} from "./native_state.ts";
import type { Tensor } from "./tensors/tensor_types.ts";
import { runWasm, wasmDataOf } from "./wasm/run_wasm.ts";

/** The addon's functions that work on raw tensor numbers. */
interface Binding {
  TF_FLOAT: number;
  TF_INT32: number;
  TF_ATTR_INT: number;
  createTensor(
    shape: number[],
    dtype: number,
    values: Float32Array | Int32Array,
  ): number;
  deleteTensor(id: number): void;
  executeOp(
    name: string,
    attributes: unknown[],
    inputs: number[],
    outputs: number,
  ): unknown[];
}

/** What tfjs-node's backend has and doesn't declare. */
interface RawBackend {
  binding: Binding;
  getInputTensorIds(tensors: Tensor[]): number[];
  createOutputTensor(info: unknown): Tensor;
  tensorMap: { get(dataId: object): { refCount: number } };
}

/** What the backend knows of a tensor's data. */
export function dataOf(tensor: Tensor): { refCount: number } {
  return nativeOnWasm()
    ? wasmDataOf(tensor)
    : (tf.backend() as unknown as RawBackend).tensorMap.get(tensor.dataId);
}

/** What a compiled kernel takes; the order is float tensors, integers, settings. */
export interface NativeCall {
  /** Float tensors; `undefined` passes an empty one, which means "none". */
  inputs: (Tensor | undefined)[];
  /** Integers. */
  ints?: Int32Array[];
  /** Numbers that steer it; at least one. */
  settings?: number[];
  /** Number of results. @default {1} */
  outputs?: number;
  /** Whether the op takes any number of float tensors. @default {false} */
  list?: boolean;
  /** Whether it gives any number of them. @default {false} */
  results?: boolean;
}

/**
 * Runs a compiled kernel.
 *
 * @param name Its name as a TensorFlow op.
 * @param call What it takes.
 * @returns Its results; the caller owns them (a `tidy` sees them).
 */
export function runNative(name: string, call: NativeCall): Tensor[] {
  if (nativeOnWasm()) return runWasm(name, call);
  if (nativeOnWebgpu()) {
    checkGpu();
    return state.onWebgpu!.run(name, call);
  }
  const { inputs, ints = [], settings = [0], outputs = 1 } = call;
  const backend = tf.backend() as unknown as RawBackend;
  const { binding } = backend;
  const passing: number[] = []; // freed after the call
  const raw = (type: number, values: Float32Array | Int32Array): number => {
    const id = binding.createTensor([values.length], type, values);
    passing.push(id);
    return id;
  };
  // A GPU's settings are integers of the same bits, see `cuda/gpu_call.h`.
  const asBits = state.loaded !== "cpu";
  const numbers = (values: readonly number[], bits: boolean): number => {
    const cached = cachedNumbers(binding, values, bits);
    return cached ?? raw(...encodedNumbers(binding, values, bits));
  };
  try {
    const ids = inputs.map((tensor) =>
      tensor ? backend.getInputTensorIds([tensor])[0]! : numbers([], false)
    );
    for (const values of ints) ids.push(raw(binding.TF_INT32, values));
    ids.push(numbers(settings, asBits));
    const type = binding.TF_ATTR_INT;
    const attributes: unknown[] = [];
    if (call.list) attributes.push({ name: "N", type, value: inputs.length });
    if (call.results) attributes.push({ name: "M", type, value: outputs });
    return binding.executeOp(name, attributes, ids, outputs)
      .map((info) => backend.createOutputTensor(info));
  } finally {
    for (const id of passing) binding.deleteTensor(id);
  }
}

/** Tensors of a few numbers, kept: a step asks for the same at every layer. */
const CACHE = new Map<string, number>();

/** How many are kept; numbers that change with every call would fill it. */
const CACHE_SIZE = 256;

/** Number of a kept tensor; `undefined` where it isn't to be kept. */
function cachedNumbers(
  binding: Binding,
  values: readonly number[],
  bits: boolean,
): number | undefined {
  if (values.length > 8) return;
  const key = `${bits} ${values.join(" ")}`;
  const found = CACHE.get(key);
  if (found !== undefined || CACHE.size >= CACHE_SIZE) return found;
  const [type, numbers] = encodedNumbers(binding, values, bits);
  const id = binding.createTensor([numbers.length], type, numbers);
  CACHE.set(key, id);
  return id;
}

/** Numbers as a tensor holds them: as floats, or as integers of the same bits. */
function encodedNumbers(
  binding: Binding,
  values: readonly number[],
  bits: boolean,
): [type: number, values: Float32Array | Int32Array] {
  return bits
    ? [binding.TF_INT32, bitsOf(values)]
    : [binding.TF_FLOAT, Float32Array.from(values)];
}

/** Numbers as integers of the same bits: TensorFlow leaves those on the CPU. */
export function bitsOf(values: ArrayLike<number>): Int32Array {
  return new Int32Array(Float32Array.from(values).buffer);
}
