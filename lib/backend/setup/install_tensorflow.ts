import { join } from "node:path";
import { removeLeftoversOf } from "../../base/files/leftovers.ts";
import { partialFolder } from "../../base/files/partial_folder.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { compileAddon, requireCompiler } from "./compile_addon.ts";
import { buildCuda } from "./cuda_build.ts";
import { buildNative } from "./native_build.ts";
import type { PinnedWheel, TensorflowPlatform } from "./pinned_wheels.ts";
import { findPython, type Python } from "./python.ts";
import { lastLine, type RunProgram } from "./run_program.ts";
import {
  driverIsThere,
  findInstallation,
  type Installation,
  installationFolder,
  TENSORFLOW_VERSION,
  type TensorflowFlavour,
} from "./tensorflow.ts";
import { unpackWheel } from "./unpack_wheel.ts";
import { waitForTurn } from "./wait_for_turn.ts";
import { fetchWheel, forgetWheel } from "./wheel.ts";

/** What is installed, and with whose help; tests put small things in their place. */
export interface TensorflowParts {
  /** Which build. */
  flavour: TensorflowFlavour;
  /** TensorFlow's wheel, and the compiler's name. */
  platform: TensorflowPlatform;
  /** NVIDIA's libraries, which TensorFlow looks for beside its own. */
  libraries: readonly PinnedWheel[];
  /** Runs programs: Python, the compiler, and Deno for a check in its own process. */
  run: RunProgram;
  /** Checks an installation that is there. */
  check(installation: Installation): Promise<void>;
}

/** What of TensorFlow's wheel is needed: the library and the headers of its C API. */
const MEMBERS = [
  "tensorflow/libtensorflow_",
  "tensorflow/include/tensorflow/c/",
  "tensorflow/include/tensorflow/core/platform/c",
  "tensorflow/include/tsl/platform/c",
  "tensorflow/include/xla/tsl/c/",
];

/** Installs what `setupTensorflow()` says, in the cache folder. */
export async function* installTensorflow(
  parts: TensorflowParts,
  { force = false }: { force?: boolean } = {},
): AsyncGenerator<ProgressEvent, Installation> {
  const { flavour, platform, libraries, run, check } = parts;
  const total = 6;
  const event = (
    done: number,
    label: string,
    note?: string,
  ): ProgressEvent => ({ stage: "setup", label, done, total, note });
  const wheels = [platform.wheel, ...libraries];
  const folder = installationFolder(flavour);

  await using _turn = yield* waitForTurn("setup");
  // Also of a set-up that was killed when all was in place already.
  await removeLeftoversOf(folder);
  const present = force ? undefined : findInstallation(flavour);
  if (present) {
    yield event(4, "checking the installed backend");
    await check(present);
    for (const wheel of wheels) await forgetWheel(wheel);
    yield event(total, "already set up", await withKernels(present, run));
    return present;
  }

  const python = await findPython(run);
  await requireCompiler(platform.cc, run);
  await using partial = await partialFolder(folder);
  yield event(0, `downloading TensorFlow ${TENSORFLOW_VERSION} (${flavour})`);
  const main = await fetchWheel(python, platform.wheel);
  yield event(1, "unpacking the library and its headers");
  const { path } = partial;
  await unpackWheel(python, main, { folder: path, prefixes: MEMBERS });
  await unpackLibraries(libraries, { python, folder: path });
  yield event(2, "compiling the addon");
  await compileAddon(path, { cc: platform.cc, run });
  yield event(3, "checking a matrix product");
  await checkInChild(path, { flavour, run });
  await Deno.writeTextFile(
    join(path, "ready.json"),
    JSON.stringify({ tensorflow: TENSORFLOW_VERSION, flavour }) + "\n",
  );
  yield event(4, "putting it in place");
  await partial.finish({ replace: true });
  for (const wheel of wheels) await forgetWheel(wheel);
  const installed = findInstallation(flavour)!;
  yield event(5, "compiling the native kernels");
  yield event(total, "set up and checked", await withKernels(installed, run));
  return installed;
}

/** Compiles our kernels too; without them everything works, only slower. */
async function withKernels(
  installation: Installation,
  run: RunProgram,
): Promise<string> {
  try {
    await buildNative(installation, "cpu", run);
    if (installation.flavour === "cuda") {
      await buildNative(installation, "cuda", run);
      // Elsewhere at first use: the compiler must know the GPU.
      if (driverIsThere()) await buildCuda(installation);
    }
    return installation.folder;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return `${installation.folder}, without native kernels (${problem})`;
  }
}

/**
 * Fetches NVIDIA's libraries and puts them where TensorFlow's look for them
 * (`nvidia/…/lib` beside `tensorflow/`).
 */
async function unpackLibraries(
  libraries: readonly PinnedWheel[],
  { python, folder }: { python: Python; folder: string },
): Promise<void> {
  for (const wheel of libraries) {
    const path = await fetchWheel(python, wheel);
    await unpackWheel(python, path, { folder, prefixes: ["nvidia/"] });
  }
}

/** Loads the addon in a process of its own, so that a crash there is a message here. */
async function checkInChild(
  folder: string,
  { flavour, run }: { flavour: TensorflowFlavour; run: RunProgram },
): Promise<void> {
  const installation: Installation = {
    flavour,
    folder,
    addon: join(folder, "tfjs_binding.node"),
  };
  const child = await run(Deno.execPath(), [
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
