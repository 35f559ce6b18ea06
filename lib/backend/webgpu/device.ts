import * as tf from "@tensorflow/tfjs-core";
import { type Shader, textOf } from "./shader.ts";

/** What tfjs knows of a tensor's data. */
export interface WebgpuData {
  /** Its memory on the GPU, where it is there. */
  resource: GPUBuffer | null;
  /** Its numbers, where they are here. */
  values: ArrayLike<number> | null;
  refCount: number;
}

/** What tfjs's backend has and doesn't declare. */
export interface WebgpuBackend {
  device: GPUDevice;
  queue: GPUQueue;
  tensorMap: { get(dataId: object): WebgpuData };
  bufferManager: {
    acquireBuffer(size: number, usage: number): GPUBuffer;
  };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  /** Data that commands use which the GPU has not been given yet. */
  commandQueueOwnedIds: WeakSet<object>;
  /** Buffers that go back to the manager with the next submission. */
  uniformPendingDisposal: GPUBuffer[];
  uploadToGPU(dataId: object): void;
  makeTensorInfo(shape: number[], dtype: "float32"): tf.TensorInfo;
  disposeData(dataId: object): boolean;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** tfjs's backend, which must be `webgpu`. */
export function webgpu(): WebgpuBackend {
  return tf.backend() as unknown as WebgpuBackend;
}

/** What a shader is started with. */
export interface Launch {
  /** Its buffers by name. */
  buffers: Readonly<Record<string, GPUBuffer>>;
  /** Its numbers by name. */
  numbers: Readonly<Record<string, number>>;
  /** How many workgroups, by dimension. */
  groups: readonly number[];
}

/**
 * Puts a shader into the queue that tfjs's own programs go through, so that all
 * run in the order of their calls.
 */
export function launch(
  shader: Shader,
  { buffers, numbers, groups }: Launch,
): void {
  const backend = webgpu();
  checkGroups(backend.device, groups);
  const pipeline = pipelineOf(backend.device, shader);
  const bound = [
    ...[...Object.keys(shader.reads), ...Object.keys(shader.writes)].map(
      (name) => buffers[name]!,
    ),
    numberBuffer(shader, numbers),
  ];
  const bindGroup = backend.device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: bound.map((buffer, binding) => ({
      binding,
      resource: { buffer },
    })),
  });
  backend.ensureCommandEncoderReady();
  const pass = backend.computePassEncoder ??= backend.commandEncoder!
    .beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(groups[0]!, groups[1], groups[2]);
  if (++backend.dispatchCountInPass >= BATCH) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
}

/** Programs that are given to the GPU at once, as many as tfjs gives. */
const BATCH = 15;

function checkGroups(device: GPUDevice, groups: readonly number[]): void {
  const most = device.limits.maxComputeWorkgroupsPerDimension;
  if (groups.every((count) => count <= most)) return;
  throw new RangeError(
    `Cannot compute on the webgpu backend: a tensor must have at most ${most} blocks in each dimension: got ${
      groups.join(" × ")
    }; use a smaller batch`,
  );
}

/** Compiled shaders by device and name. */
const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

function pipelineOf(device: GPUDevice, shader: Shader): GPUComputePipeline {
  let known = pipelines.get(device);
  if (!known) pipelines.set(device, known = new Map());
  let pipeline = known.get(shader.name);
  if (!pipeline) {
    pipeline = compiled(device, shader);
    known.set(shader.name, pipeline);
  }
  return pipeline;
}

function compiled(device: GPUDevice, shader: Shader): GPUComputePipeline {
  const types: GPUBufferBindingType[] = [
    ...Object.keys(shader.reads).map(() => "read-only-storage" as const),
    ...Object.keys(shader.writes).map(() => "storage" as const),
    "uniform",
  ];
  // Not "auto", which leaves out what a variant of a shader doesn't look at.
  const layout = device.createBindGroupLayout({
    entries: types.map((type, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type },
    })),
  });
  return device.createComputePipeline({
    label: shader.name,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: {
      module: device.createShaderModule({ code: textOf(shader) }),
      entryPoint: "main",
    },
  });
}

/** A shader's numbers as it reads them: whole ones, then the others. */
function numberBuffer(
  { whole, real = [] }: Shader,
  numbers: Readonly<Record<string, number>>,
): GPUBuffer {
  const words = new Uint32Array(whole.length + real.length);
  whole.forEach((name, i) => words[i] = numbers[name]!);
  new Float32Array(words.buffer, 4 * whole.length).set(
    real.map((name) => numbers[name]!),
  );
  return uploaded(words, GPUBufferUsage.UNIFORM).buffer;
}

/** What was uploaded lately, by device: the layers of a step ask for the same. */
const recent = new WeakMap<GPUDevice, Map<string, GPUBuffer>>();

/** How much of it is kept. */
const KEPT = 256;

/** Numbers up to which it is kept: longer ones come once. */
const SHORT = 2048;

/**
 * A buffer with these words, which nobody may write to.
 *
 * @param words What it holds.
 * @param usage Whether it is bound as storage or as numbers.
 * @returns The buffer; `own`: it is the caller's, to be given to `release()`.
 */
export function uploaded(
  words: Int32Array | Uint32Array,
  usage: number = GPUBufferUsage.STORAGE,
): { buffer: GPUBuffer; own: boolean } {
  const { device } = webgpu();
  if (words.length > SHORT) return { buffer: written(words, usage), own: true };
  let kept = recent.get(device);
  if (!kept) recent.set(device, kept = new Map());
  const key = `${usage} ${words.join(" ")}`;
  const known = kept.get(key);
  // What was asked for last is the last to go.
  if (known) kept.delete(key);
  const buffer = known ?? written(words, usage);
  kept.set(key, buffer);
  if (kept.size > KEPT) {
    const [oldest, old] = kept.entries().next().value!;
    kept.delete(oldest);
    release([old]);
  }
  return { buffer, own: false };
}

function written(words: Int32Array | Uint32Array, usage: number): GPUBuffer {
  const buffer = acquired(
    Math.max(16, 4 * words.length),
    usage | GPUBufferUsage.COPY_DST,
  );
  // At once, so before what waits in the queue: no buffer there is in the pool.
  webgpu().queue.writeBuffer(buffer, 0, words as Uint32Array<ArrayBuffer>);
  return buffer;
}

/** A buffer for some floats; it is the caller's, to be given to `release()`. */
export function floats(count: number): GPUBuffer {
  return acquired(
    4 * count,
    GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  );
}

function acquired(bytes: number, usage: number): GPUBuffer {
  checkSize(bytes);
  return webgpu().bufferManager.acquireBuffer(bytes, usage);
}

/** Gives buffers back once all that was started so far has been submitted. */
export function release(buffers: readonly GPUBuffer[]): void {
  webgpu().uniformPendingDisposal.push(...buffers);
}

/** Refuses what the device can't show to a shader. */
export function checkSize(bytes: number): void {
  const most = webgpu().device.limits.maxStorageBufferBindingSize;
  if (bytes <= most) return;
  throw new RangeError(
    `Cannot compute on the webgpu backend: a tensor must have at most ${most} bytes on this GPU: got ${bytes}; use a smaller batch`,
  );
}
