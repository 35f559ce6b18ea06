import { join } from "node:path";
import type { Installation } from "./tensorflow.ts";
import { compile } from "./compile.ts";
import { type RunProgram, runProgram } from "./run_program.ts";
import { CUDA_FILES } from "../cuda/files.ts";
import { NATIVE_FILES } from "../native/files.ts";

/**
 * Which compiled kernels: for the processor, for a GPU, or those of a GPU played
 * on the processor (for tests where there is none).
 */
export type NativeKind = "cpu" | "cuda" | "emulated";

// CUDA's sources are C++ too where the processor plays them.
const COMMON = ["-std=c++20", "-fPIC", "-x", "c++"];

const X86 = Deno.build.arch === "x86_64";

/** GCC prefers vectors of 256 bits unless it is told otherwise. */
const WIDE_VECTORS = X86 ? ["-mprefer-vector-width=512"] : [];

/**
 * For the processor, vector code for this very one. Not `-ffast-math`: linked
 * with it, GCC switches the whole process's handling of tiny numbers.
 */
const FLAGS: Readonly<Record<NativeKind, readonly string[]>> = {
  cpu: [
    ...COMMON,
    "-O3",
    "-fopenmp-simd",
    "-fno-math-errno",
    "-fno-trapping-math",
    X86 ? "-march=native" : "-mcpu=native",
    ...WIDE_VECTORS,
  ],
  cuda: [...COMMON, "-O1"],
  emulated: [...COMMON, "-O1", "-DTDRO_EMULATED"],
};

/** TensorFlow holds the kernels, also when a worker that loaded them ends. */
const KEPT = Deno.build.os === "linux" ? ["-Wl,-z,nodelete"] : [];

/**
 * Compiles the kernels, seconds of work, unless they are there.
 *
 * @param installation TensorFlow to link to.
 * @param kind Which ones.
 * @param run Runs the compiler.
 * @returns Path of the library.
 * @throws {RangeError} If there is no compiler, or it fails.
 */
export async function buildNative(
  installation: Installation,
  kind: NativeKind,
  run: RunProgram = runProgram,
): Promise<string> {
  const tensorflow = join(installation.folder, "tensorflow");
  const framework = Deno.build.os === "darwin"
    ? "libtensorflow_framework.2.dylib"
    : "libtensorflow_framework.so.2";
  return await compile({
    files: kind === "cpu" ? NATIVE_FILES : CUDA_FILES,
    flags: FLAGS[kind],
    link: [
      "-shared",
      join(tensorflow, framework),
      `-Wl,-rpath,${tensorflow}`,
      "-pthread",
      ...KEPT,
    ],
    output: "libtdro.so",
  }, run);
}
