import { dirname, join } from "node:path";
import type { Installation } from "./_tensorflow.ts";
import { cacheFolder } from "./cache_folder.ts";
import { CUDA_FILES } from "./cuda/files.ts";
import { NATIVE_FILES } from "./native/files.ts";
import { lastLine, runProgram } from "./_wheel.ts";

/**
 * Which compiled kernels: for the processor, for a GPU, or those of a GPU played
 * on the processor (for tests where there is none).
 */
export type NativeKind = "cpu" | "cuda" | "emulated";

const COMMON = ["-std=c++20", "-fPIC"];

/**
 * For the processor, vector code for this very one. Not `-ffast-math`: linked
 * with it, GCC switches the whole process's handling of tiny numbers.
 */
const FLAGS: Readonly<Record<NativeKind, readonly string[]>> = {
  cpu: [
    ...COMMON,
    ...["-O3", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math"],
    Deno.build.arch === "x86_64" ? "-march=native" : "-mcpu=native",
    ...(Deno.build.arch === "x86_64" ? ["-mprefer-vector-width=512"] : []),
  ],
  cuda: [...COMMON, "-O1"],
  emulated: [...COMMON, "-O1", "-DTDRO_EMULATED"],
};

/** TensorFlow holds the kernels, also when a worker that loaded them ends. */
const LINK = Deno.build.os === "linux" ? ["-Wl,-z,nodelete"] : [];

/**
 * Where the compiled kernels lie, or would: the name follows from the sources,
 * the flags and the processor, so a change of any of them makes them anew.
 */
async function nativeLibrary(
  installation: Installation,
  kind: NativeKind,
): Promise<string> {
  return await libraryPath([
    Object.values(filesOf(kind)).join("\0"),
    [...FLAGS[kind], ...LINK].join(" "),
    installation.folder,
    kind === "cpu" ? processor() : Deno.build.arch,
  ], "libtdro.so");
}

/** A file in the cache of kernels whose folder's name follows from `parts`. */
export async function libraryPath(
  parts: readonly string[],
  name: string,
): Promise<string> {
  const bytes = new TextEncoder().encode(parts.join("\0"));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const folder = [...hash.slice(0, 8)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return cacheFolder("kernels", folder, name);
}

function filesOf(kind: NativeKind): Readonly<Record<string, string>> {
  return kind === "cpu" ? NATIVE_FILES : CUDA_FILES;
}

/**
 * Compiles the kernels, seconds of work, unless they are there.
 *
 * @param installation TensorFlow to link to.
 * @param kind Which ones.
 * @returns Path of the library.
 * @throws {RangeError} If there is no compiler, or it fails.
 */
export async function buildNative(
  installation: Installation,
  kind: NativeKind,
): Promise<string> {
  const library = await nativeLibrary(installation, kind);
  if (await exists(library)) return library;
  const folder = dirname(library);
  const partial = `${folder}.${crypto.randomUUID().slice(0, 8)}.partial`;
  await Deno.mkdir(partial, { recursive: true });
  try {
    const files = filesOf(kind);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(partial, name), text);
    }
    const sources = Object.keys(files).filter((name) => !name.endsWith(".h"));
    await Promise.all(
      sources.map((name) =>
        compile(
          [...FLAGS[kind], "-x", "c++", "-c", name, "-o", `${name}.o`],
          partial,
        )
      ),
    );
    const tensorflow = join(installation.folder, "tensorflow");
    const framework = Deno.build.os === "darwin"
      ? "libtensorflow_framework.2.dylib"
      : "libtensorflow_framework.so.2";
    await compile([
      ...["-shared", ...sources.map((name) => `${name}.o`)],
      ...["-o", "libtdro.so", join(tensorflow, framework)],
      ...[`-Wl,-rpath,${tensorflow}`, "-pthread", ...LINK],
    ], partial);
    // Another process may have been first; its folder is as good as ours.
    await Deno.rename(partial, folder).catch(async (error) => {
      if (!await exists(library)) throw error;
    });
  } finally {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
  }
  return library;
}

async function compile(args: string[], cwd: string): Promise<void> {
  const compiler = Deno.build.os === "darwin" ? "clang++" : "g++";
  const built = await runProgram(compiler, args, cwd);
  if (built.ok) return;
  const line = built.text.split("\n").find((l) => l.includes("error"));
  throw new RangeError(
    `Cannot compile the native kernels: ${lastLine(line ?? built.text)}`,
  );
}

/** Whether a file is there. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What `-march=native` looks at: a cache folder may be shared by machines. */
function processor(): string {
  if (Deno.build.os !== "linux") return Deno.build.arch;
  // Deno lets only programs with all rights read /proc, but others run `cat`.
  const { stdout } = new Deno.Command("cat", { args: ["/proc/cpuinfo"] })
    .outputSync();
  return new TextDecoder().decode(stdout).split("\n\n")[0]!.split("\n")
    .filter((line) => /^(model|flags|Features|CPU)/.test(line)).join("\n");
}
