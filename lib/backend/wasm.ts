import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";
import { startWithThreads } from "./wasm_threads.ts";
import { checkAccess } from "../base/permissions.ts";

/** Version of the WebAssembly backend; the one in `deno.json`. */
const WASM_BACKEND = "npm:@tensorflow/tfjs-backend-wasm@4.22.0/package.json";

/** Threads that the backend was started with; 0 before it was. */
let running = 0;

/**
 * Starts the tfjs backend `wasm`, its binary read from the npm cache. What it was
 * started with the first time stays for the life of the process.
 *
 * @param threads Threads for matrix products.
 * @param activate Makes it tfjs's active backend.
 * @returns Threads that it has.
 */
export async function activateWasm(
  threads: number,
  activate: () => Promise<void>,
): Promise<number> {
  if (running > 0) {
    await activate();
    return running;
  }
  const { getThreadsCount, setThreadsCount, setWasmPaths } = await import(
    "@tensorflow/tfjs-backend-wasm"
  );
  // A string literal would not survive publishing: the import map is ours alone.
  const folder = dirname(fileURLToPath(import.meta.resolve(WASM_BACKEND)));
  const binaries = join(folder, "dist");
  // The build would print a page of its own about a file that it may not read.
  await checkAccess("read", binaries);
  setWasmPaths(`${binaries}/`);
  if (threads > 1) {
    setThreadsCount(threads);
    await startWithThreads(threads, activate);
    running = getThreadsCount();
  } else {
    await activate();
    running = 1;
  }
  return running;
}
