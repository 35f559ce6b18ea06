import type { ProgressEvent } from "../../base/progress_event.ts";
import { checkMatmul } from "./check_matmul.ts";
import { installTensorflow } from "./install_tensorflow.ts";
import {
  CUDA_PLATFORMS,
  NVIDIA_WHEELS,
  TENSORFLOW_PLATFORMS,
  type TensorflowPlatform,
} from "./pinned_wheels.ts";
import { runProgram } from "./run_program.ts";
import type { Installation } from "./tensorflow.ts";

/** Options for {@linkcode setupTensorflow}. */
export interface SetupTensorflowOptions {
  /** Set up the CUDA build, for an NVIDIA GPU. @default {false} */
  cuda?: boolean;
  /** Set up anew even if it's there. @default {false} */
  force?: boolean;
}

/**
 * Sets up the `tensorflow` backend once per user: takes TensorFlow's C library
 * out of its Python wheel, compiles the addon of `npm:@tensorflow/tfjs-node-gpu`
 * against it, checks a product of two matrices, and only then puts the folder
 * under its final name. Run again, it finds everything in place; cut off, it
 * goes on with the wheels it has; while another set-up is at work in the same cache
 * folder, it waits. Each wheel must have the SHA-256 that is written
 * in this package, before anything of it is unpacked. Needs Python with pip, a C++ compiler and a
 * network that reaches the Python package index.
 *
 * @param options Which build, and whether to start over.
 * @returns Reports of progress; at the end, what is installed.
 * @throws {RangeError} If something it needs is missing; the message says what.
 *
 * @example Usage
 * ```ts ignore
 * import { setupTensorflow } from "@tdro/tdro/backend";
 *
 * for await (const step of setupTensorflow()) console.log(step.label);
 * ```
 */
export async function* setupTensorflow(
  options: SetupTensorflowOptions = {},
): AsyncGenerator<ProgressEvent, Installation> {
  const { cuda = false, force } = options;
  return yield* installTensorflow({
    flavour: cuda ? "cuda" : "cpu",
    platform: thisPlatform(cuda),
    libraries: cuda ? NVIDIA_WHEELS : [],
    run: runProgram,
    check: checkMatmul,
  }, { force });
}

function thisPlatform(cuda: boolean): TensorflowPlatform {
  const key = `${Deno.build.os}-${Deno.build.arch}`;
  const platform = (cuda ? CUDA_PLATFORMS : TENSORFLOW_PLATFORMS)[key];
  if (platform) return platform;
  throw new RangeError(
    `Cannot set up TensorFlow${cuda ? " with CUDA" : ""} on ${key}: ` +
      `there is no build for it; use the wasm backend, which needs no set-up`,
  );
}
