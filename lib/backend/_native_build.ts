import { dirname, join } from "node:path";
import type { Installation } from "./_tensorflow.ts";
import { cacheFolder } from "./cache_folder.ts";
import { NATIVE_FILES } from "./native/files.ts";
import { lastLine, runProgram } from "./_wheel.ts";

/**
 * Vector code for this very processor. Not `-ffast-math`: linked with it, GCC
 * switches the whole process's handling of tiny numbers.
 */
const FLAGS = [
  ...["-std=c++20", "-O3", "-fPIC", "-fopenmp-simd"],
  ...["-fno-math-errno", "-fno-trapping-math"],
  Deno.build.arch === "x86_64" ? "-march=native" : "-mcpu=native",
  ...(Deno.build.arch === "x86_64" ? ["-mprefer-vector-width=512"] : []),
];

/**
 * Where the compiled kernels lie, or would: the name follows from the sources,
 * the flags and the processor, so a change of any of them makes them anew.
 */
export async function nativeLibrary(
  installation: Installation,
): Promise<string> {
  const parts = [
    Object.values(NATIVE_FILES).join("\0"),
    FLAGS.join(" "),
    installation.folder,
    processor(),
  ];
  const bytes = new TextEncoder().encode(parts.join("\0"));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const name = [...hash.slice(0, 8)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return cacheFolder("kernels", name, "libtdro.so");
}

/**
 * Compiles the kernels, seconds of work, unless they are there.
 *
 * @param installation TensorFlow to link to.
 * @returns Path of the library.
 * @throws {RangeError} If there is no compiler, or it fails.
 */
export async function buildNative(installation: Installation): Promise<string> {
  const library = await nativeLibrary(installation);
  if (await exists(library)) return library;
  const folder = dirname(library);
  const partial = `${folder}.${crypto.randomUUID().slice(0, 8)}.partial`;
  await Deno.mkdir(partial, { recursive: true });
  try {
    for (const [name, text] of Object.entries(NATIVE_FILES)) {
      await Deno.writeTextFile(join(partial, name), text);
    }
    const sources = Object.keys(NATIVE_FILES).filter((n) => n.endsWith(".cc"));
    await Promise.all(
      sources.map((name) =>
        compile([...FLAGS, "-c", name, "-o", `${name}.o`], partial)
      ),
    );
    const tensorflow = join(installation.folder, "tensorflow");
    const framework = Deno.build.os === "darwin"
      ? "libtensorflow_framework.2.dylib"
      : "libtensorflow_framework.so.2";
    await compile([
      ...["-shared", ...sources.map((name) => `${name}.o`)],
      ...["-o", "libtdro.so", join(tensorflow, framework)],
      ...[`-Wl,-rpath,${tensorflow}`, "-pthread"],
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

async function exists(path: string): Promise<boolean> {
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
