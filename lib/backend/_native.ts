import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "./tensor_types.ts";
import type { Installation, NativeBackend } from "./_tensorflow.ts";
import { buildNative } from "./_native_build.ts";
import type { Precision } from "./precision.ts";

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

/** State of the compiled kernels in this process. */
interface State {
  /** Whether the library is loaded: its ops stay registered for good. */
  loaded: boolean;
  /** Whether kernels use it. */
  active: boolean;
  /** What multiplies matrices here. */
  engine: string;
  /** Scores rows, see `native/top_k.cc`. */
  scoreRows?: (
    ...buffers: [
      queries: Float32Array<ArrayBuffer>, // [Q, D]
      rows: Float32Array<ArrayBuffer>, // [P, D]
      which: Int32Array<ArrayBuffer>,
      starts: Int32Array<ArrayBuffer>, // [Q + 1]
      out: Float32Array<ArrayBuffer>,
      queryCount: number,
      dimension: number,
    ]
  ) => void;
  /** Why it isn't used. */
  problem: string;
}

const state: State = {
  loaded: false,
  active: false,
  engine: "",
  problem: "",
};

/**
 * Switches the compiled kernels on, compiling and loading them if need be.
 * Without a compiler, or on a GPU, the composed ones serve.
 *
 * @param installation TensorFlow that is in use.
 * @param wanted Whether they may be used.
 * @returns What is used and why, one phrase.
 */
export async function useNative(
  installation: Installation,
  wanted: boolean,
): Promise<string> {
  state.active = false;
  state.problem = "";
  const backend = tf.backend() as unknown as NativeBackend;
  if (backend.isUsingGpuDevice) state.problem = "they are for the CPU";
  else if (!wanted) state.problem = "switched off";
  else {
    try {
      if (!state.loaded) {
        const library = Deno.dlopen(await buildNative(installation), {
          tdroEngine: { parameters: [], result: "i32" },
          tdroScoreRows: {
            parameters: [...Array(5).fill("buffer"), "i32", "i32"] as const,
            result: "void",
          },
        });
        // It stays open: TensorFlow holds its kernels.
        state.engine = ENGINES[library.symbols.tdroEngine()]!;
        state.scoreRows = library.symbols.tdroScoreRows as State["scoreRows"];
        state.loaded = true;
      }
      state.active = true;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      state.problem = text.split("\n")[0]!.slice(0, 200);
    }
  }
  return state.active
    ? `native kernels with ${state.engine}`
    : `no native kernels: ${state.problem}`;
}

/** Whether kernels take their compiled form now. */
export function native(): boolean {
  return state.active && tf.getBackend() === "tensorflow";
}

/** How compiled kernels are told a precision, see `native/gemm.h`. */
export const PARTS: Readonly<Record<Precision, number>> = {
  float32: 3,
  bfloat16: 1,
};

/** What multiplies, by its number in `native/engine.h`. */
const ENGINES: Readonly<Record<number, string>> = {
  0: "AMX",
  4: Deno.build.arch === "aarch64" ? "NEON" : "SSE",
  8: "AVX2",
  16: "AVX-512",
};

/** The compiled inner products, where kernels take their compiled form now. */
export function nativeScoreRows(): State["scoreRows"] {
  return native() ? state.scoreRows : undefined;
}

/** What the backend knows of a tensor's data. */
export function dataOf(tensor: Tensor): { refCount: number } {
  return (tf.backend() as unknown as RawBackend).tensorMap.get(tensor.dataId);
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
}

/**
 * Runs a compiled kernel.
 *
 * @param name Its name as a TensorFlow op.
 * @param call What it takes.
 * @returns Its results; the caller owns them (a `tidy` sees them).
 */
export function runNative(
  name: string,
  { inputs, ints = [], settings = [0], outputs = 1, list = false }: NativeCall,
): Tensor[] {
  const backend = tf.backend() as unknown as RawBackend;
  const { binding } = backend;
  const passing: number[] = []; // freed after the call
  const raw = (type: number, values: Float32Array | Int32Array): number => {
    const id = binding.createTensor([values.length], type, values);
    passing.push(id);
    return id;
  };
  const numbers = (values: readonly number[]): number =>
    known(binding, values) ?? raw(binding.TF_FLOAT, Float32Array.from(values));
  try {
    const ids = inputs.map((tensor) =>
      tensor ? backend.getInputTensorIds([tensor])[0]! : numbers([])
    );
    for (const values of ints) ids.push(raw(binding.TF_INT32, values));
    ids.push(numbers(settings));
    const attributes = list
      ? [{ name: "N", type: binding.TF_ATTR_INT, value: inputs.length }]
      : [];
    return binding.executeOp(name, attributes, ids, outputs)
      .map((info) => backend.createOutputTensor(info));
  } finally {
    for (const id of passing) binding.deleteTensor(id);
  }
}

/** Tensors of a few numbers, kept: a step asks for the same at every layer. */
const KNOWN = new Map<string, number>();

/** How many are kept; numbers that change with every call would fill it. */
const MOST_KNOWN = 256;

function known(
  binding: Binding,
  values: readonly number[],
): number | undefined {
  if (values.length > 8) return;
  const key = values.join(" ");
  const found = KNOWN.get(key);
  if (found !== undefined || KNOWN.size >= MOST_KNOWN) return found;
  const floats = Float32Array.from(values);
  const id = binding.createTensor([floats.length], binding.TF_FLOAT, floats);
  KNOWN.set(key, id);
  return id;
}
