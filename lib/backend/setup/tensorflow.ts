import { createRequire } from "node:module";
import nodeUtil from "node:util";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { cacheFolder } from "../../base/files/cache_folder.ts";

/** Version of TensorFlow that the addon is built against. */
export const TENSORFLOW_VERSION = "2.21.0";

/** Which build of TensorFlow: with or without CUDA. */
export type TensorflowFlavour = "cpu" | "cuda";

/** What setup writes last; its presence means that the folder is whole. */
export interface Installation {
  /** Which build of TensorFlow. */
  flavour: TensorflowFlavour;
  /** Folder that holds the addon and the libraries. */
  folder: string;
  /** Path of the addon. */
  addon: string;
}

/** Folder of one flavour; it exists only when whole. */
export function installationFolder(flavour: TensorflowFlavour): string {
  return cacheFolder(
    `tensorflow-${TENSORFLOW_VERSION}-${flavour}-${Deno.build.os}-${Deno.build.arch}`,
  );
}

/** Finds an installation: CUDA before CPU, unless a flavour is asked for. */
export function findInstallation(
  flavour?: TensorflowFlavour,
): Installation | undefined {
  for (const candidate of flavour ? [flavour] : ["cuda", "cpu"] as const) {
    const folder = installationFolder(candidate);
    const addon = join(folder, "tfjs_binding.node");
    try {
      Deno.statSync(join(folder, "ready.json"));
      return { flavour: candidate, folder, addon };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** The part of tfjs-node's backend that we use beyond tfjs itself. */
export interface NativeBackend extends tf.KernelBackend {
  /** Whether TensorFlow put the tensors on a GPU. */
  isUsingGpuDevice: boolean;
}

/**
 * Loads the addon and registers the tfjs backend `tensorflow`. Once per
 * process: a second call finds it registered.
 */
export async function registerTensorflow(
  installation: Installation,
): Promise<void> {
  if (tf.findBackendFactory("tensorflow")) return;
  keepLargeBuffers();
  restoreNodeUtil();
  // Not from this module: imported from JSR it has no path on this machine.
  const require = createRequire(installation.addon);
  const binding = quietly(() => {
    if (installation.flavour === "cuda") prepareGpu(installation);
    return require(installation.addon);
  });
  const { NodeJSKernelBackend } = await import(
    "@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js"
  );
  tf.registerBackend(
    "tensorflow",
    () =>
      new NodeJSKernelBackend(
        binding,
        "@tensorflow/tfjs-node-gpu",
      ) as unknown as tf.KernelBackend,
    3,
  );
  await import("@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js");
}

/** tfjs-node 4.22 calls two checks that Deno's `node:util` no longer has. */
function restoreNodeUtil(): void {
  const util = nodeUtil as unknown as Record<string, unknown>;
  util.isNullOrUndefined ??= (x: unknown) => x === null || x === undefined;
  util.isArray ??= Array.isArray;
}

/** NVIDIA's libraries that TensorFlow loads by name, those others need first. */
const CUDA_LIBRARIES = [
  "cuda_runtime/lib/libcudart.so.12",
  "nvjitlink/lib/libnvJitLink.so.12",
  "cublas/lib/libcublasLt.so.12",
  "cublas/lib/libcublas.so.12",
  "cufft/lib/libcufft.so.11",
  "cusparse/lib/libcusparse.so.12",
  "cusolver/lib/libcusolver.so.11",
  "cudnn/lib/libcudnn.so.9",
  "nccl/lib/libnccl.so.2",
  "cuda_cupti/lib/libcupti.so.12",
];

/**
 * What TensorFlow needs to compute on a GPU as one expects who comes from
 * PyTorch. It looks for NVIDIA's libraries where its Python package would put
 * them, and stays on the CPU without a word if they aren't there: loaded here, it
 * finds them. It would take all of the GPU's memory at once: here it takes what
 * it needs. It would choose the matrix products' algorithms by timing them, so
 * that two runs differ: here the library's own choice stands. And it would
 * multiply float32 in TF32, of 10 bits: here float32 is float32, and for speed
 * there is `bfloat16`.
 */
function prepareGpu({ folder }: Installation): void {
  // Without a driver there is no GPU, and the libraries take 0.4 s to load.
  if (!driverIsThere()) return;
  // Those that are missing TensorFlow looks for elsewhere.
  for (const name of CUDA_LIBRARIES) loadLibrary(join(folder, "nvidia", name));
  const settings = {
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    TF_MATMUL_AUTOTUNE_ENABLE: "0",
  };
  for (const [name, value] of Object.entries(settings)) {
    if (!Deno.env.get(name)) Deno.env.set(name, value);
  }
  // TensorFlow's C interface has no such switch; its C++ one does.
  const { symbols } = Deno.dlopen(
    join(folder, "tensorflow", "libtensorflow_cc.so.2"),
    {
      _ZN3tsl32enable_tensor_float_32_executionEb: {
        parameters: ["bool"],
        result: "void",
      },
    },
  );
  symbols._ZN3tsl32enable_tensor_float_32_executionEb(false);
  // The libraries stay open: they are TensorFlow's now.
}

/** Whether NVIDIA's driver is there, and so perhaps a GPU. */
export function driverIsThere(): boolean {
  return loadLibrary("libcuda.so.1");
}

/** Loads a library for whoever asks for it by its name; whether it is there. */
function loadLibrary(library: string): boolean {
  try {
    Deno.dlopen(library, {});
    return true;
  } catch {
    return false;
  }
}

/**
 * glibc gives large buffers back to the kernel after every op, and the page
 * faults then cost more than the arithmetic: keep them (halves a training step).
 */
function keepLargeBuffers(): void {
  if (Deno.build.os !== "linux") return;
  const [M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX] = [-1, -2, -4];
  try {
    const libc = Deno.dlopen("libc.so.6", {
      mallopt: { parameters: ["i32", "i32"], result: "i32" },
    });
    libc.symbols.mallopt(M_MMAP_MAX, 0);
    libc.symbols.mallopt(M_TRIM_THRESHOLD, 0x7fffffff);
    libc.symbols.mallopt(M_TOP_PAD, 256 << 20);
    // The library stays open: closing libc is not ours to do.
  } catch {
    // Not glibc (musl, say): everything works, only slower.
  }
}

/**
 * Runs `load` with stderr switched off. TensorFlow greets every user with
 * notices while it loads, and reads its log level before anything that this
 * process sets can reach it. A failure to load is an exception all the same.
 * `TF_CPP_MIN_LOG_LEVEL`, set by the user, switches nothing off.
 */
function quietly<T>(load: () => T): T {
  if (Deno.build.os !== "linux" || Deno.env.get("TF_CPP_MIN_LOG_LEVEL")) {
    return load();
  }
  const [stderr, O_WRONLY] = [2, 1];
  let libc;
  try {
    libc = Deno.dlopen("libc.so.6", {
      dup: { parameters: ["i32"], result: "i32" },
      dup2: { parameters: ["i32", "i32"], result: "i32" },
      open: { parameters: ["buffer", "i32"], result: "i32" },
      close: { parameters: ["i32"], result: "i32" },
    });
  } catch {
    return load();
  }
  const { dup, dup2, open, close } = libc.symbols;
  const saved = dup(stderr);
  const nowhere = open(new TextEncoder().encode("/dev/null\0"), O_WRONLY);
  dup2(nowhere, stderr);
  try {
    return load();
  } finally {
    dup2(saved, stderr);
    close(saved);
    close(nowhere);
  }
}
