import * as tf from "@tensorflow/tfjs-core";
import {
  findInstallation,
  type NativeBackend,
  registerTensorflow,
} from "./setup/tensorflow.ts";
import { useNative } from "./load_native.ts";
import {
  nativeOnWasm,
  useNativeOnWasm,
  useNativeOnWebgpu,
} from "./native_state.ts";
import { activateWasm, type StartedWasm } from "./wasm/activate_wasm.ts";
import { setupCommand } from "./setup/setup_command.ts";
import { env, refusal } from "../base/permissions.ts";

/** The tfjs backends that tdro runs on. */
export type BackendName = "tensorflow" | "webgpu" | "wasm" | "cpu";

/** Options for {@linkcode useBackend}. */
export interface UseBackendOptions {
  /** Throw unless the tensors are on a GPU. @default {false} */
  requireGpu?: boolean;
  /**
   * Use the compiled kernels of the `tensorflow` backend, on the CPU or an NVIDIA
   * GPU, and of `wasm` and `webgpu`; without them it composes the library's own
   * ops, slower. The environment's `TDRO_NATIVE=0` switches them off;
   * `TDRO_NATIVE=emulated` plays those of a GPU on the CPU, for tests.
   * @default {true}
   */
  native?: boolean;
  /**
   * Threads of the `wasm` backend: others than the caller's are workers that
   * sleep where there is nothing to do and live as long as the process does. The
   * first start decides, and how many there are changes no result. The
   * environment's `TDRO_WASM_THREADS` goes before. @default {all processors}
   */
  threads?: number;
}

/** What tensors are computed with from now on. */
export interface Backend {
  /** The tfjs backend. */
  name: BackendName;
  /** `"gpu"` or `"cpu"`. */
  device: "gpu" | "cpu";
  /** Why it was taken, or what would be faster; one sentence. */
  reason: string;
}

/**
 * Chooses the tfjs backend for the whole process. `"auto"` takes the best one
 * there is: `tensorflow` where it was set up, else `wasm`, else `cpu`. A named
 * one is taken or it throws: never another one in its place.
 *
 * @param name Backend, or `"auto"`; the environment's `TDRO_BACKEND` decides
 * for `"auto"` if it is set.
 * @param options What the backend must offer.
 * @returns Which backend was taken, and why.
 * @throws {RangeError} If the named backend, or a GPU, can't be had; the
 * message says how to get it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import assert from "node:assert/strict";
 *
 * const { name, device } = await useBackend("cpu");
 * assert.equal(`${name} on ${device}`, "cpu on cpu");
 * ```
 */
export async function useBackend(
  name: BackendName | "auto" = "auto",
  { requireGpu = false, ...options }: UseBackendOptions = {},
): Promise<Backend> {
  const wanted = name === "auto"
    ? (env.get("TDRO_BACKEND") ?? "auto") as BackendName | "auto"
    : name;
  const backend = wanted === "auto"
    ? await useBest(requireGpu, options)
    : await useNamed(wanted, options);
  if (requireGpu && backend.device !== "gpu") {
    throw new RangeError(
      `Cannot use a GPU: the ${backend.name} backend computes on the CPU; ` +
        `with an NVIDIA GPU run ${
          setupCommand("--cuda")
        }, otherwise leave out requireGpu`,
    );
  }
  return backend;
}

async function useBest(
  requireGpu: boolean,
  options: UseBackendOptions,
): Promise<Backend> {
  const problems: string[] = [];
  const order: BackendName[] = requireGpu
    ? ["tensorflow", "webgpu"]
    : ["tensorflow", "wasm", "cpu"];
  for (const name of order) {
    try {
      const backend = await useNamed(name, options);
      if (requireGpu && backend.device !== "gpu") continue;
      return {
        ...backend,
        reason: problems.length
          ? `${backend.reason} (${problems.join("; ")})`
          : backend.reason,
      };
    } catch (error) {
      problems.push(
        refusal(error) ??
          (error instanceof Error ? error.message : String(error)),
      );
    }
  }
  throw new RangeError(
    `Cannot use a GPU: ${problems.join("; ") || "TensorFlow sees none"}; ` +
      `with an NVIDIA GPU run ${setupCommand("--cuda")}`,
  );
}

async function useNamed(
  name: BackendName,
  { native, threads = navigator.hardwareConcurrency }: UseBackendOptions,
): Promise<Backend> {
  const starters: Record<BackendName, () => Promise<Backend>> = {
    tensorflow: () => startTensorflow(native),
    webgpu: () => startWebgpu(native),
    wasm: () => startWasm(threads, native),
    cpu: startCpu,
  };
  const start = starters[name];
  if (!start) {
    throw new RangeError(
      `Cannot use backend "${name}": expected auto, ${
        Object.keys(starters).join(", ")
      }`,
    );
  }
  return await start();
}

async function startTensorflow(native?: boolean): Promise<Backend> {
  const installation = findInstallation();
  if (!installation) {
    throw new RangeError(
      `Cannot use the tensorflow backend: it is not set up; run ${setupCommand()}`,
    );
  }
  try {
    await registerTensorflow(installation);
    await activate("tensorflow");
  } catch (error) {
    if (refusal(error)) throw error; // Nothing is wrong with what is set up.
    throw new RangeError(
      `Cannot use the tensorflow backend: ${oneLine(error)}; run ${
        setupCommand("--force")
      }`,
    );
  }
  const backend = tf.backend() as unknown as NativeBackend;
  const kernels = await useNative(installation, native ?? nativeByDefault());
  const device = backend.isUsingGpuDevice ? "gpu" : "cpu";
  const build = installation.flavour === "cuda" && device === "cpu"
    ? "cuda build, it sees no GPU"
    : `${installation.flavour} build`;
  return {
    name: "tensorflow",
    device,
    reason: `TensorFlow (${build}) is set up; ${kernels}`,
  };
}

/** What the environment says of the compiled kernels. */
function nativeByDefault(): boolean | "emulated" {
  const wanted = env.get("TDRO_NATIVE");
  return wanted === "emulated" ? wanted : wanted !== "0";
}

async function startWebgpu(native?: boolean): Promise<Backend> {
  await loadTensorflowFirst();
  const adapter = "gpu" in navigator
    ? await navigator.gpu.requestAdapter()
    : null;
  if (!adapter) {
    throw new RangeError(
      `Cannot use the webgpu backend: this machine offers no WebGPU adapter; use "auto"`,
    );
  }
  // Deno ends a process whose only pending work is WebGPU's: stay awake.
  const awake = setInterval(() => {}, 1000);
  let problem: string | undefined = "switched off";
  try {
    await import("@tensorflow/tfjs-backend-webgpu");
    await activate("webgpu");
    useNativeOnWebgpu(undefined);
    if (native ?? nativeByDefault() !== false) {
      const { startShaders } = await import("./webgpu/start_shaders.ts");
      problem = await startShaders();
    }
  } catch (error) {
    throw new RangeError(`Cannot use the webgpu backend: ${oneLine(error)}`);
  } finally {
    clearInterval(awake);
  }
  // A software adapter computes on the CPU: good for tests, not a GPU.
  const { isFallbackAdapter, description } = adapter.info;
  return {
    name: "webgpu",
    device: isFallbackAdapter ? "cpu" : "gpu",
    reason: `WebGPU adapter: ${description || adapter.info.vendor}` +
      (problem ? `; no kernels of tdro: ${problem}` : ""),
  };
}

/**
 * Software Vulkan brings an LLVM of its own; TensorFlow, loaded after it, ends
 * the process by a segmentation fault. The other way round they get along.
 */
async function loadTensorflowFirst(): Promise<void> {
  try {
    const installation = findInstallation();
    if (installation) await registerTensorflow(installation);
  } catch {
    // WebGPU doesn't need it; whoever asks for it gets the reason.
  }
}

async function startWasm(threads: number, native?: boolean): Promise<Backend> {
  const wanted = Number(env.get("TDRO_WASM_THREADS") ?? threads);
  if (!(Number.isInteger(wanted) && wanted >= 1)) {
    throw new RangeError(
      `Cannot use the wasm backend: threads must be an integer >= 1: got ${wanted}`,
    );
  }
  let used: StartedWasm;
  try {
    used = await activateWasm(wanted, {
      activate: () => activate("wasm"),
      wanted: nativeOnWasm,
    });
  } catch (error) {
    if (refusal(error)) throw error;
    throw new RangeError(`Cannot use the wasm backend: ${oneLine(error)}`);
  }
  const kernels = native ?? nativeByDefault() !== false;
  useNativeOnWasm(kernels && !used.problem);
  const without = used.problem ?? (kernels ? undefined : "switched off");
  const notes = without
    ? [`no compiled kernels: ${without}`]
    : used.threads > 1
    ? [`${used.threads} threads`]
    : [];
  return {
    name: "wasm",
    device: "cpu",
    reason: ["WebAssembly runs everywhere", ...notes].join("; "),
  };
}

async function startCpu(): Promise<Backend> {
  // Otherwise tfjs greets every user with an advertisement for its Node package.
  tf.enableProdMode();
  await import("@tensorflow/tfjs-backend-cpu");
  await activate("cpu");
  return { name: "cpu", device: "cpu", reason: "plain JavaScript, slow" };
}

async function activate(name: BackendName): Promise<void> {
  // tfjs-core alone knows no gradients in its CommonJS form; tfjs registers them.
  await import("@tensorflow/tfjs");
  if (!await tf.setBackend(name)) {
    throw new Error(`tfjs could not start its ${name} backend`);
  }
  await tf.ready();
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0]!.slice(0, 300);
}
