import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "./tensors/tensor_types.ts";
import type { Precision } from "./precision.ts";
import type { NativeCall } from "./run_native.ts";
import type { NativeKind } from "./setup/native_build.ts";

/** The kernels in WGSL, which are loaded only where they are used. */
export interface WebgpuKernels {
  /** Does what {@linkcode runNative} does. */
  run(name: string, call: NativeCall): Tensor[];
  /** Throws what the GPU found wrong since it was asked last. */
  check(): void;
}

/** Which rows are scored for each query, and where the scores go. */
type Scored = [
  which: Int32Array<ArrayBuffer>,
  starts: Int32Array<ArrayBuffer>, // [Q + 1]
  out: Float32Array<ArrayBuffer>,
  queryCount: number,
  dimension: number,
];

/** State of the compiled kernels in this process. */
export interface NativeState {
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
      ...scored: Scored,
    ]
  ) => void;
  /** Scores rows of steps, the same. */
  scoreSteps?: (
    ...buffers: [
      queries: Float32Array<ArrayBuffer>, // [Q, D]
      rows: Int8Array<ArrayBuffer>, // [P, D]
      steps: Float32Array<ArrayBuffer>, // [2, D]
      ...scored: Scored,
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

/** The state. */
export const state: NativeState = {
  active: false,
  onWasm: false,
  engine: "",
  problem: "",
};

/** Switches the compiled kernels of the `wasm` backend on or off. */
export function useNativeOnWasm(wanted: boolean): void {
  state.onWasm = wanted;
}

/** Gives what runs them on the `webgpu` backend; without it they are off there. */
export function useNativeOnWebgpu(kernels: NativeState["onWebgpu"]): void {
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
export const ENGINES: Readonly<Record<number, string>> = {
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
  | Required<Pick<NativeState, "nearest" | "found">>
  | undefined {
  const { nearest, found } = state;
  return nearest && found && { nearest, found };
}

/** The compiled length of the longest row, the same. */
export function nativeLongestRow(): NativeState["longestRow"] {
  return nativeOnCpu() ? state.longestRow : undefined;
}

/** The compiled inner products with steps, where kernels take their compiled form now. */
export function nativeScoreSteps(): NativeState["scoreSteps"] {
  return nativeOnCpu() ? state.scoreSteps : undefined;
}

/** The compiled inner products, where kernels take their compiled form now. */
export function nativeScoreRows(): NativeState["scoreRows"] {
  return nativeOnCpu() ? state.scoreRows : undefined;
}

/** The compiled search among bits, where kernels take their compiled form now. */
export function nativeHammingCall(): NativeState["hamming"] {
  return nativeOnCpu() ? state.hamming : undefined;
}
