import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";
import { registerBetterKernels } from "./better_kernels.ts";
import { startKernels } from "./run_wasm.ts";
import { startOnSharedMemory } from "./shared_memory.ts";
import { checkAccess } from "../../base/permissions.ts";

/** Version of the WebAssembly backend; the one in `deno.json`. */
const WASM_BACKEND = "npm:@tensorflow/tfjs-backend-wasm@4.22.0/package.json";

/** How the backend was started. */
export interface StartedWasm {
  /** Threads that compute. */
  threads: number;
  /** Why there are no compiled kernels. */
  problem?: string;
}

let started: StartedWasm | undefined;

/**
 * Starts the tfjs backend `wasm`, its binary read from the npm cache, and our
 * compiled kernels. What it was started with the first time stays for the life of
 * the process.
 *
 * @param threads Threads for the kernels, the caller's among them.
 * @param options What makes it tfjs's active backend; whether the kernels are
 * wanted at the moment.
 * @returns What it has.
 */
export async function activateWasm(
  threads: number,
  { activate, wanted }: {
    activate: () => Promise<void>;
    wanted: () => boolean;
  },
): Promise<StartedWasm> {
  if (started) {
    await activate();
    return started;
  }
  const { setThreadsCount, setWasmPaths } = await import(
    "@tensorflow/tfjs-backend-wasm"
  );
  // A string literal would not survive publishing: the import map is ours alone.
  const folder = dirname(fileURLToPath(import.meta.resolve(WASM_BACKEND)));
  const binaries = join(folder, "dist");
  // The build would print a page of its own about a file that it may not read.
  await checkAccess("read", binaries);
  setWasmPaths(`${binaries}/`);
  setThreadsCount(1); // its own would spin while they wait
  const memory = await startOnSharedMemory(activate);
  try {
    await startKernels(memory, threads);
    registerBetterKernels(wanted);
    started = { threads };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    started = { threads: 1, problem: problem.split("\n")[0]! };
  }
  return started;
}
