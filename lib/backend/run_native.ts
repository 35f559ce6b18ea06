import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "./tensors/tensor_types.ts";
import type { Installation, NativeBackend } from "./setup/tensorflow.ts";
import { buildCuda } from "./setup/cuda_build.ts";
import { buildNative, type NativeKind } from "./setup/native_build.ts";
import type { Precision } from "./precision.ts";
import { runWasm, wasmDataOf } from "./wasm/run_wasm.ts";
import { refusal } from "../base/permissions.ts";

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

/** The kernels in WGSL, which are loaded only where they are used. */
export interface WebgpuKernels {
  /** Does what {@linkcode runNative} does. */
  run(name: string, call: NativeCall): Tensor[];
  /** Throws what the GPU found wrong since it was asked last. */
  check(): void;
}

/** State of the compiled kernels in this process. */
interface State {
  /** Which library is loaded: its ops stay registered for good. */
  loaded?: NativeKind;
  /** Whether kernels use it on `tensorflow`. */
  active: boolean;
  /** Whether they are used on `wasm`. */
  onWasm: boolean;
  /** What runs them on `webgpu`, where they are used. */
  onWebgpu?: WebgpuKernels | undefined;
  /** What multiplies matrices here. */
  engine: string;
  /** On how many threads of the processor. */
  threads?: number;
  /** Finds rows, see `native/nearest/calls.cc`. */
  nearest?: (
    ...buffers: [
      queries: Float32Array<ArrayBuffer>, // [Q, D]
      rows: Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer>, // [P, D]
      about: Float64Array<ArrayBuffer>, // [3, Q]
      settings: Float64Array<ArrayBuffer>,
      queryCount: number,
      rowCount: number,
      dimension: number,
    ]
  ) => number;
  /** Hands over what was found. */
  found?: (
    ...buffers: [
      counts: Int32Array<ArrayBuffer>, // [Q]
      rows: Int32Array<ArrayBuffer>,
      scores: Float32Array<ArrayBuffer>,
    ]
  ) => void;
  /** Scores rows, see `native/nearest/score_rows.cc`. */
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
  /** Scores rows of steps, the same. */
  scoreSteps?: (
    ...buffers: [
      queries: Float32Array<ArrayBuffer>, // [Q, D]
      rows: Int8Array<ArrayBuffer>, // [P, D]
      steps: Float32Array<ArrayBuffer>, // [2, D]
      which: Int32Array<ArrayBuffer>,
      starts: Int32Array<ArrayBuffer>, // [Q + 1]
      out: Float32Array<ArrayBuffer>,
      queryCount: number,
      dimension: number,
    ]
  ) => void;
  /** Largest length of a row. */
  longestRow?: (
    ...buffers: [
      rows: Float32Array<ArrayBuffer>, // [P, D]
      rowCount: number,
      dimension: number,
    ]
  ) => number;
  /** Counts bits that differ, see `native/hamming.cc`. */
  hamming?: (
    ...buffers: [
      queries: Uint32Array<ArrayBuffer>, // [Q, words]
      rows: Uint32Array<ArrayBuffer>, // [P, words]
      out: Uint16Array<ArrayBuffer>, // [Q, P]
      queryCount: number,
      rowCount: number,
      words: number,
    ]
  ) => void;
  /** Why it isn't used. */
  problem: string;
}

const state: State = {
  active: false,
  onWasm: false,
  engine: "",
  problem: "",
};

/**
 * Switches the compiled kernels on, compiling and loading them if need be.
 * Without a compiler the composed ones serve.
 *
 * @param installation TensorFlow that is in use.
 * @param wanted Whether they may be used; `"emulated"`: those of a GPU, played
 * on the processor.
 * @returns What is used and why, one phrase.
 */
export async function useNative(
  installation: Installation,
  wanted: boolean | "emulated",
): Promise<string> {
  state.active = false;
  state.problem = "";
  const backend = tf.backend() as unknown as NativeBackend;
  const kind: NativeKind = backend.isUsingGpuDevice
    ? "cuda"
    : wanted === "emulated"
    ? "emulated"
    : "cpu";
  if (!wanted) state.problem = "switched off";
  else if (state.loaded && state.loaded !== kind) {
    state.problem = `this process has loaded others (${state.loaded})`;
  } else {
    try {
      if (!state.loaded) {
        await (kind === "cpu" ? loadForCpu : loadForGpu)(installation, kind);
        state.loaded = kind;
      }
      state.active = true;
      if (kind !== "cpu") checkProduct();
    } catch (error) {
      state.active = false;
      const text = refusal(error) ??
        (error instanceof Error ? error.message : String(error));
      state.problem = text.split("\n")[0]!.slice(0, 200);
    }
  }
  return state.active
    ? `native kernels with ${state.engine}${onThreads(state.threads)}`
    : `no native kernels: ${state.problem}`;
}

function onThreads(count: number | undefined): string {
  if (count === undefined) return "";
  return ` on ${count} ${count === 1 ? "thread" : "threads"}`;
}

async function loadForCpu(installation: Installation): Promise<void> {
  // It stays open: TensorFlow holds its kernels.
  const { symbols } = Deno.dlopen(await buildNative(installation, "cpu"), {
    tdroAllow: { parameters: ["i32"], result: "i32" },
    tdroEngine: { parameters: [], result: "i32" },
    tdroNearest: {
      parameters: [...Array(4).fill("buffer"), ...Array(3).fill("i32")],
      result: "i32",
    },
    tdroFound: { parameters: Array(3).fill("buffer"), result: "void" },
    tdroScoreRows: {
      parameters: [...Array(5).fill("buffer"), "i32", "i32"] as const,
      result: "void",
    },
    tdroScoreSteps: {
      parameters: [...Array(6).fill("buffer"), "i32", "i32"] as const,
      result: "void",
    },
    tdroLongestRow: { parameters: ["buffer", "i32", "i32"], result: "f64" },
    tdroHamming: {
      parameters: [
        ...Array(3).fill("buffer"),
        "i32",
        "i32",
        "i32",
      ] as const,
      result: "void",
    },
  });
  state.threads = symbols.tdroAllow(navigator.hardwareConcurrency);
  state.engine = ENGINES[symbols.tdroEngine()]!;
  state.nearest = symbols.tdroNearest as State["nearest"];
  state.found = symbols.tdroFound as State["found"];
  state.scoreRows = symbols.tdroScoreRows as State["scoreRows"];
  state.scoreSteps = symbols.tdroScoreSteps as State["scoreSteps"];
  state.longestRow = symbols.tdroLongestRow as State["longestRow"];
  state.hamming = symbols.tdroHamming as State["hamming"];
}

async function loadForGpu(
  installation: Installation,
  kind: NativeKind,
): Promise<void> {
  const library = await buildNative(installation, kind);
  const kernels = kind === "cuda" ? await buildCuda(installation) : undefined;
  const { symbols } = Deno.dlopen(library, {
    tdroKernels: { parameters: ["buffer", "i64"], result: "void" },
  });
  if (kernels) symbols.tdroKernels(kernels, BigInt(kernels.length));
  state.engine = kind === "cuda" ? "CUDA" : "an emulated GPU";
}

/** A GPU's kernels may fail only when they start: better now than in a step. */
function checkProduct(): void {
  tf.tidy(() => {
    const x = tf.tensor2d([[1, 2], [3, 4]]);
    const [product] = runNative("TdroMatMul", {
      inputs: [x, x],
      settings: [0, 0, PRECISION_CODES.float32, 1],
    });
    if (product!.dataSync().join() !== "7,10,15,22") {
      throw new RangeError("the GPU multiplies wrongly");
    }
  });
}

/** Switches the compiled kernels of the `wasm` backend on or off. */
export function useNativeOnWasm(wanted: boolean): void {
  state.onWasm = wanted;
}

/** Gives what runs them on the `webgpu` backend; without it they are off there. */
export function useNativeOnWebgpu(kernels: State["onWebgpu"]): void {
  state.onWebgpu = kernels;
}

/** Throws where a GPU found something wrong after a call had returned. */
export function checkGpu(): void {
  if (nativeOnWebgpu()) state.onWebgpu!.check();
}

/** Whether kernels take their compiled form now. */
export function native(): boolean {
  return nativeOnTensorflow() || nativeOnWasm() || nativeOnWebgpu();
}

function nativeOnTensorflow(): boolean {
  return state.active && tf.getBackend() === "tensorflow";
}

/** Whether it is the form that runs everywhere. */
export function nativeOnWasm(): boolean {
  return state.onWasm && tf.getBackend() === "wasm";
}

/** Whether it is the form in WGSL. */
export function nativeOnWebgpu(): boolean {
  return state.onWebgpu !== undefined && tf.getBackend() === "webgpu";
}

/** Whether those that a GPU has no use for do: the processor's own. */
export function nativeOnCpu(): boolean {
  return nativeOnTensorflow() && state.loaded === "cpu";
}

/** Whether those that only a processor has use for do, on either backend. */
export function nativeSearch(): boolean {
  return nativeOnCpu() || nativeOnWasm();
}

/** Whether those that only a GPU has use for do. */
export function nativeOnGpu(): boolean {
  return nativeOnTensorflow() && state.loaded !== "cpu";
}

/** How compiled kernels are told a precision, see `native/precision.h`. */
export const PRECISION_CODES: Readonly<Record<Precision | "int16", number>> = {
  bfloat16: 1,
  int16: 2,
  float32: 3,
};

/** What multiplies, by its number in `native/product/engine.h`. */
const ENGINES: Readonly<Record<number, string>> = {
  0: "AMX",
  4: Deno.build.arch === "aarch64" ? "NEON" : "SSE",
  8: "AVX2",
  16: "AVX-512",
};

/** Whether its tiles multiply there: Intel's AMX. */
export function tilesOnCpu(): boolean {
  return nativeOnCpu() && state.engine === ENGINES[0];
}

/** The compiled search, once it is loaded for the processor. */
export function nativeNearestCall():
  | Required<Pick<State, "nearest" | "found">>
  | undefined {
  const { nearest, found } = state;
  return nearest && found && { nearest, found };
}

/** The compiled length of the longest row, the same. */
export function nativeLongestRow(): State["longestRow"] {
  return nativeOnCpu() ? state.longestRow : undefined;
}

/** The compiled inner products with steps, where kernels take their compiled form now. */
export function nativeScoreSteps(): State["scoreSteps"] {
  return nativeOnCpu() ? state.scoreSteps : undefined;
}

/** The compiled inner products, where kernels take their compiled form now. */
export function nativeScoreRows(): State["scoreRows"] {
  return nativeOnCpu() ? state.scoreRows : undefined;
}

/** The compiled search among bits, where kernels take their compiled form now. */
export function nativeHammingCall(): State["hamming"] {
  return nativeOnCpu() ? state.hamming : undefined;
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
