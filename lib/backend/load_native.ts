import * as tf from "@tensorflow/tfjs-core";
import { refusal } from "../base/permissions.ts";
import {
  ENGINES,
  type NativeState,
  PRECISION_CODES,
  state,
} from "./native_state.ts";
import { runNative } from "./run_native.ts";
import { buildCuda } from "./setup/cuda_build.ts";
import { buildNative, type NativeKind } from "./setup/native_build.ts";
import type { Installation, NativeBackend } from "./setup/tensorflow.ts";

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
  state.nearest = symbols.tdroNearest as NativeState["nearest"];
  state.found = symbols.tdroFound as NativeState["found"];
  state.scoreRows = symbols.tdroScoreRows as NativeState["scoreRows"];
  state.scoreSteps = symbols.tdroScoreSteps as NativeState["scoreSteps"];
  state.longestRow = symbols.tdroLongestRow as NativeState["longestRow"];
  state.hamming = symbols.tdroHamming as NativeState["hamming"];
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
