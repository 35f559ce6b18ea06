import * as tf from "@tensorflow/tfjs-core";
import type { NativeCall } from "../run_native.ts";
import type { Tensor } from "../tensors/tensor_types.ts";
import { compiledKernels } from "./compiled_kernels.ts";
import { type Exports, instantiate } from "./instance.ts";
import { startWorker } from "./workers.ts";

/** What tfjs's backend has and doesn't declare. */
interface WasmBackend {
  wasm: {
    HEAPU8: Uint8Array<SharedArrayBuffer>;
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  dataIdMap: {
    get(dataId: object): { memoryOffset: number; refCount: number };
  };
  makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
  disposeData(dataId: object): boolean;
}

/** The compiled kernels in this process. */
interface Running {
  exports: Exports;
  stack: WebAssembly.Global;
  memory: WebAssembly.Memory;
  /** Numbers of kernels by name. */
  kernels: Map<string, number>;
  /** Memory for what a call passes. */
  frame: { address: number; size: number };
  /** Results of the call that runs. */
  results: tf.TensorInfo[];
}

let running: Running | undefined;

/** Bytes of an instance's statics and stack. */
export const BLOCK = 1 << 19;

/** Words of an input, see `call.h`. */
const INPUT_WORDS = 9;

/**
 * Starts the compiled kernels on tfjs's memory, and workers that share their work.
 *
 * @param memory The memory.
 * @param threads How many, the caller's among them.
 */
export async function startKernels(
  memory: WebAssembly.Memory,
  threads: number,
): Promise<void> {
  const module = await compiledKernels();
  const { exports, stack } = instantiate(module, newPlace(memory), {
    services: {
      malloc: (bytes) => backend().wasm._malloc(bytes),
      free: (address) => backend().wasm._free(address),
      output: makeOutput,
    },
  });
  const shared = exports.start(threads);
  for (let i = 1; i < threads; i++) {
    startWorker({ module, place: newPlace(memory), shared, threads });
  }
  const frame = { address: 0, size: 0 };
  const kernels = new Map<string, number>();
  running = { exports, stack, memory, kernels, frame, results: [] };
}

/** What the backend knows of a tensor's data. */
export function wasmDataOf(tensor: Tensor): { refCount: number } {
  return backend().dataIdMap.get(tensor.dataId);
}

/**
 * Runs a compiled kernel.
 *
 * @param name Its name, that of the TensorFlow op.
 * @param call What it takes.
 * @returns Its results; the caller owns them (a `tidy` sees them).
 */
export function runWasm(name: string, call: NativeCall): Tensor[] {
  const engine = tf.engine();
  return runInside(name, call).map((info) =>
    engine.makeTensorFromTensorInfo(info)
  );
}

/** The same for use inside a kernel of tfjs: nobody tracks what comes out. */
export function runInside(
  name: string,
  call: Omit<NativeCall, "inputs"> & { inputs: (tf.TensorInfo | undefined)[] },
): tf.TensorInfo[] {
  const { exports, stack } = running!;
  const kernel = kernelNumber(name);
  const results: tf.TensorInfo[] = [];
  running!.results = results;
  const top = stack.value;
  try {
    exports.run(kernel, ...passed(call));
  } catch (error) {
    for (const { dataId } of results) backend().disposeData(dataId);
    throw error;
  } finally {
    stack.value = top;
  }
  return results;
}

function backend(): WasmBackend {
  return tf.backend() as unknown as WasmBackend;
}

function newPlace(memory: WebAssembly.Memory) {
  const block = allocate(BLOCK);
  new Uint8Array(memory.buffer).fill(0, block, block + BLOCK);
  return { memory, block, size: BLOCK };
}

function allocate(bytes: number): number {
  const address = backend().wasm._malloc(bytes) >>> 0;
  if (!address) throw outOfMemory();
  return address;
}

function outOfMemory(): RangeError {
  return new RangeError(
    "Cannot compute on the wasm backend: its 4 GiB of memory are full; use a smaller batch",
  );
}

function kernelNumber(name: string): number {
  const { kernels, exports, memory } = running!;
  const known = kernels.get(name);
  if (known !== undefined) return known;
  const text = new TextEncoder().encode(`${name}\0`);
  const address = allocate(text.length);
  new Uint8Array(memory.buffer).set(text, address);
  const found = exports.find(address);
  backend().wasm._free(address);
  if (found < 0) throw new TypeError(`Cannot run ${name}: no such kernel`);
  kernels.set(name, found);
  return found;
}

/** Writes what a call passes; returns its address and how many inputs it has. */
function passed(
  { inputs, ints = [], settings = [0] }: Parameters<typeof runInside>[1],
): [address: number, count: number] {
  const count = inputs.length + ints.length + 1;
  const numbers = ints.reduce((sum, { length }) => sum + length, 0);
  const words = count * INPUT_WORDS + numbers + settings.length;
  const address = frameOf(4 * words);
  const { buffer } = running!.memory;
  const at = new Int32Array(buffer, address, words);
  let next = 0;
  const put = (data: number, size: number, shape: readonly number[]) => {
    at[next] = data;
    at[next + 1] = size;
    at[next + 2] = shape.length;
    for (let d = 0; d < shape.length; d++) at[next + 3 + d] = shape[d]!;
    next += INPUT_WORDS;
  };
  for (const tensor of inputs) {
    if (tensor) {
      const { memoryOffset } = backend().dataIdMap.get(tensor.dataId);
      put(memoryOffset, sizeOf(tensor.shape), tensor.shape);
    } else put(0, 0, [0]);
  }
  let free = count * INPUT_WORDS;
  for (const values of ints) {
    put(address + 4 * free, values.length, [values.length]);
    at.set(values, free);
    free += values.length;
  }
  put(address + 4 * free, settings.length, [settings.length]);
  new Float32Array(buffer, address + 4 * free, settings.length).set(settings);
  return [address, count];
}

/** Memory for what a call passes, used again by the next one. */
function frameOf(bytes: number): number {
  const { frame } = running!;
  if (bytes > frame.size) {
    if (frame.size) backend().wasm._free(frame.address);
    frame.size = 0;
    frame.address = allocate(2 * bytes);
    frame.size = 2 * bytes;
  }
  return frame.address;
}

/** A result of the call that runs. */
function makeOutput(index: number, rank: number, dims: number): number {
  const { memory, results } = running!;
  const shape = [...new Int32Array(memory.buffer, dims, rank)];
  const info = backend().makeOutput(shape, "float32");
  const { memoryOffset } = backend().dataIdMap.get(info.dataId);
  results[index] = info;
  if (!memoryOffset && sizeOf(shape)) throw outOfMemory();
  return memoryOffset;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, d) => size * d, 1);
}
