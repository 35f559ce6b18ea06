import type { ProgressEvent } from "../../base/progress_event.ts";
import { join } from "node:path";
import { checkMatmul } from "./check_matmul.ts";
import { buildCuda } from "./cuda_build.ts";
import { buildNative } from "./native_build.ts";
import {
  CUDA_PLATFORMS,
  NVIDIA_WHEELS,
  TENSORFLOW_PLATFORMS,
  type TensorflowPlatform,
} from "./pinned_wheels.ts";
import {
  driverIsThere,
  findInstallation,
  type Installation,
  installationFolder,
  TENSORFLOW_VERSION,
  type TensorflowFlavour,
} from "./tensorflow.ts";
import {
  fetchWheel,
  findPython,
  forgetWheel,
  lastLine,
  runProgram,
  unpackWheel,
} from "./wheel.ts";
import { partialFolder } from "../../base/files/partial_folder.ts";

/** Options for {@linkcode setupTensorflow}. */
export interface SetupTensorflowOptions {
  /** Set up the CUDA build, for an NVIDIA GPU. @default {false} */
  cuda?: boolean;
  /** Set up anew even if it's there. @default {false} */
  force?: boolean;
}

/** Sources of the addon in the npm package of tfjs-node-gpu. */
const SOURCES = [
  "napi_auto_ref.h",
  "tf_auto_status.h",
  "tf_auto_tensor.h",
  "tfe_auto_op.h",
  "tfjs_backend.cc",
  "tfjs_backend.h",
  "tfjs_binding.cc",
  "utils.h",
] as const;

/**
 * Sets up the `tensorflow` backend once per user: takes TensorFlow's C library
 * out of its Python wheel, compiles the addon of `npm:@tensorflow/tfjs-node-gpu`
 * against it, checks a product of two matrices, and only then puts the folder
 * under its final name. Run again, it finds everything in place; cut off, it
 * goes on with the wheel it has. Each wheel must have the SHA-256 that is written
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
  const { cuda = false, force = false } = options;
  const flavour: TensorflowFlavour = cuda ? "cuda" : "cpu";
  const total = 6;
  const event = (
    done: number,
    label: string,
    note?: string,
  ): ProgressEvent => ({
    stage: "setup",
    label,
    done,
    total,
    note,
  });

  const present = force ? undefined : findInstallation(flavour);
  if (present) {
    yield event(4, "checking the installed backend");
    await checkMatmul(present);
    yield event(total, "already set up", await withKernels(present));
    return present;
  }

  const { wheel, cc } = thisPlatform(cuda);
  const python = await findPython();
  await requireCompiler(cc);

  const folder = installationFolder(flavour);
  await using temporary = await partialFolder(folder);
  const partial = temporary.path;
  yield event(0, `downloading TensorFlow ${TENSORFLOW_VERSION} (${flavour})`);
  const main = await fetchWheel(python, wheel);
  yield event(1, "unpacking the library and its headers");
  await unpackWheel(python, main, {
    folder: partial,
    prefixes: [
      "tensorflow/libtensorflow_",
      "tensorflow/include/tensorflow/c/",
      "tensorflow/include/tensorflow/core/platform/c",
      "tensorflow/include/tsl/platform/c",
      "tensorflow/include/xla/tsl/c/",
    ],
  });
  const extra = cuda ? await unpackCudaLibraries(python, partial) : [];
  yield event(2, "compiling the addon");
  await compileAddon(cc, partial);
  yield event(3, "checking a matrix product");
  await checkInChild(partial, flavour);
  await Deno.writeTextFile(
    join(partial, "ready.json"),
    JSON.stringify({ tensorflow: TENSORFLOW_VERSION, flavour }) + "\n",
  );
  yield event(4, "putting it in place");
  // Another set-up may have been first; then its folder is as good as ours.
  await temporary.finish({ replace: force }).catch((error) => {
    if (!findInstallation(flavour)) throw error;
  });
  for (const used of [main, ...extra]) await forgetWheel(used);
  const installed = findInstallation(flavour)!;
  yield event(5, "compiling the native kernels");
  yield event(total, "set up and checked", await withKernels(installed));
  return installed;
}

/** Compiles our kernels too; without them everything works, only slower. */
async function withKernels(installation: Installation): Promise<string> {
  try {
    await buildNative(installation, "cpu");
    if (installation.flavour === "cuda") {
      await buildNative(installation, "cuda");
      // Elsewhere at first use: the compiler must know the GPU.
      if (driverIsThere()) await buildCuda(installation);
    }
    return installation.folder;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return `${installation.folder}, without native kernels (${problem})`;
  }
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

async function requireCompiler(cc: string): Promise<void> {
  const found = await runProgram(cc, ["--version"]);
  if (found.ok) return;
  throw new RangeError(
    `Cannot set up: no C++ compiler (${lastLine(found.text)}); ` +
      `install one (Debian: apt-get install g++) and run setup again`,
  );
}

/**
 * Fetches NVIDIA's libraries and puts them where TensorFlow's look for them
 * (`nvidia/…/lib` beside `tensorflow/`).
 */
async function unpackCudaLibraries(
  python: string,
  folder: string,
): Promise<string[]> {
  const wheels: string[] = [];
  for (const wheel of NVIDIA_WHEELS) {
    const path = await fetchWheel(python, wheel);
    await unpackWheel(python, path, { folder, prefixes: ["nvidia/"] });
    wheels.push(path);
  }
  return wheels;
}

async function compileAddon(cc: string, folder: string): Promise<void> {
  const source = join(folder, "binding");
  await Deno.mkdir(source, { recursive: true });
  for (const [name, text] of await readSources()) {
    await Deno.writeTextFile(join(source, name), text);
  }
  const { default: headers } = await import("node-api-headers");
  const mac = Deno.build.os === "darwin";
  const libraries = mac
    ? ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"]
    : ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
  const here = mac ? "@loader_path" : "$ORIGIN";
  // Node-API's functions come from the process that loads the addon; macOS's
  // linker must be told.
  const linking = mac ? ["-undefined", "dynamic_lookup"] : [];
  const built = await runProgram(cc, [
    "-O2",
    "-fPIC",
    "-shared",
    "-std=c++17",
    "-DNAPI_VERSION=8",
    ...linking,
    `-I${headers.include_dir}`,
    `-I${join(folder, "tensorflow", "include")}`,
    join(source, "tfjs_backend.cc"),
    join(source, "tfjs_binding.cc"),
    "-o",
    join(folder, "tfjs_binding.node"),
    ...libraries.map((name) => join(folder, "tensorflow", name)),
    `-Wl,-rpath,${here}/tensorflow`,
  ]);
  if (!built.ok) {
    throw new RangeError(
      `Cannot set up: ${cc} failed on the addon: ${lastLine(built.text)}`,
    );
  }
}

/** The addon's C++ files, as text out of the pinned npm package. */
async function readSources(): Promise<[string, string][]> {
  // Asking for a module of the package makes Deno fetch all of it.
  await import("@tensorflow/tfjs-node-gpu/package.json", {
    with: { type: "json" },
  });
  const base = "npm:@tensorflow/tfjs-node-gpu@4.22.0/binding";
  return await Promise.all(
    SOURCES.map(async (name): Promise<[string, string]> => {
      const url = import.meta.resolve(`${base}/${name}`);
      return [name, await Deno.readTextFile(new URL(url))];
    }),
  );
}

/** Loads the addon in a process of its own, so that a crash there is a message here. */
async function checkInChild(
  folder: string,
  flavour: TensorflowFlavour,
): Promise<void> {
  const installation: Installation = {
    flavour,
    folder,
    addon: join(folder, "tfjs_binding.node"),
  };
  const child = await runProgram(Deno.execPath(), [
    "run",
    "--allow-all",
    "--no-lock",
    import.meta.resolve("./check_matmul.ts"),
    JSON.stringify(installation),
  ]);
  if (!child.ok) {
    throw new RangeError(
      `Cannot set up: the compiled backend fails: ${lastLine(child.text)}`,
    );
  }
}
