import type * as tf from "@tensorflow/tfjs-core";
import type { NativeCall } from "../run_native.ts";
import {
  checkSize,
  floats,
  type Launch,
  launch,
  release,
  uploaded,
  webgpu,
} from "./device.ts";
import type { Shader } from "./shader.ts";

/** What a kernel sees of one call: the same as `native/call.h` shows. */
export class Call {
  /** What came out so far. */
  readonly results: tf.TensorInfo[] = [];
  readonly #given: NativeCall;
  /** Data of tensors that its shaders are bound to. */
  readonly #bound = new Set<object>();
  /** Buffers for the length of the call. */
  readonly #own: GPUBuffer[] = [];

  constructor(given: NativeCall) {
    this.#given = given;
  }

  /** Number of inputs of floats. */
  get inputs(): number {
    return this.#given.inputs.length;
  }

  /** Numbers of an input; 0 for "none". */
  size(i: number): number {
    return this.#given.inputs[i]?.size ?? 0;
  }

  /** A dimension of an input. */
  dim(i: number, d: number): number {
    return this.#given.inputs[i]!.shape[d]!;
  }

  /** An input's numbers. */
  in(i: number): GPUBuffer {
    const backend = webgpu();
    const { dataId, size } = this.#given.inputs[i]!;
    checkSize(4 * size);
    backend.uploadToGPU(dataId);
    this.#bound.add(dataId);
    return backend.tensorMap.get(dataId).resource!;
  }

  /** An input's numbers, or nothing. */
  optional(i: number): GPUBuffer | undefined {
    return this.size(i) ? this.in(i) : undefined;
  }

  /** For the optimiser alone: its caller has made sure that nobody else looks. */
  inPlace(i: number): GPUBuffer {
    const buffer = this.in(i);
    // What was read of them is no longer so.
    webgpu().tensorMap.get(this.#given.inputs[i]!.dataId).values = null;
    return buffer;
  }

  /** Integers. */
  ints(k: number): GPUBuffer {
    return this.upload(this.intValues(k));
  }

  /** Integers of the kernel's own. */
  upload(values: Int32Array): GPUBuffer {
    const { buffer, own } = uploaded(values);
    if (own) this.#own.push(buffer);
    return buffer;
  }

  /** The same as numbers. */
  intValues(k: number): Int32Array {
    return this.#given.ints![k]!;
  }

  /** A number that steers the call. */
  setting(k: number): number {
    return this.#given.settings![k]!;
  }

  /** Result i: memory that the kernel fills; nothing where it has no numbers. */
  out(i: number, shape: number[]): GPUBuffer {
    const backend = webgpu();
    const size = shape.reduce((a, b) => a * b, 1);
    checkSize(4 * size);
    const info = backend.makeTensorInfo(shape, "float32");
    this.results[i] = info;
    const data = backend.tensorMap.get(info.dataId);
    if (size === 0) {
      data.values = new Float32Array(0);
      return NOTHING;
    }
    backend.uploadToGPU(info.dataId);
    this.#bound.add(info.dataId);
    return data.resource!;
  }

  /** A result of an input's shape. */
  outLike(i: number, input: number): GPUBuffer {
    return this.out(i, [...this.#given.inputs[input]!.shape]);
  }

  /** Memory for the length of the call. */
  temporary(count: number): GPUBuffer {
    const buffer = floats(count);
    this.#own.push(buffer);
    return buffer;
  }

  /** Starts a shader, unless it has nothing to do. */
  run(shader: Shader, given: Launch): void {
    if (given.groups.some((count) => count === 0)) return;
    // Again each time: another shader's start may have submitted what waited.
    const { commandQueueOwnedIds } = webgpu();
    for (const data of this.#bound) commandQueueOwnedIds.add(data);
    launch(shader, given);
  }

  /** Gives back what was for the length of the call. */
  end(): void {
    release(this.#own);
  }
}

/** Stands for memory that no shader gets. */
const NOTHING = {} as GPUBuffer;

/** A kernel's work for one call. */
export type WebgpuKernel = (call: Call) => void;

/** Results that may be wanted or not, bit by bit. */
export class Wanted {
  readonly #call: Call;
  readonly #bits: number;

  constructor(call: Call, bits: number) {
    this.#call = call;
    this.#bits = bits;
  }

  /** Whether result i is wanted. */
  has(i: number): boolean {
    return (this.#bits >> i & 1) === 1;
  }

  /** Whether any of results [from, to) is. */
  any(from: number, to: number): boolean {
    for (let i = from; i < to; i++) if (this.has(i)) return true;
    return false;
  }

  /** Result i, or an empty one and nothing. */
  out(i: number, shape: number[]): GPUBuffer | undefined {
    const buffer = this.#call.out(
      i,
      this.has(i) ? shape : [0, ...shape.slice(1)],
    );
    return this.has(i) ? buffer : undefined;
  }
}
