import * as tf from "@tensorflow/tfjs-core";
import os from "node:os";

/** What the build tells each worker that it starts. */
interface Message {
  cmd?: string;
  wasmMemory?: WebAssembly.Memory;
}

/**
 * Starts tfjs's WebAssembly backend on memory that threads can share. tfjs ships
 * such a build, with threads of its own that wait by spinning, and refuses it in
 * Node, where its workers don't find their script (tfjs issue 3830). Here its
 * workers are none: it runs on the caller's thread alone. While it starts, three
 * things are other than they are: the flag that refuses, the class of workers,
 * and the number of processors, after which it would want threads.
 *
 * @param start Starts the backend.
 * @returns Its memory.
 */
export async function startOnSharedMemory(
  start: () => Promise<void>,
): Promise<WebAssembly.Memory> {
  let memory: WebAssembly.Memory | undefined;
  /** A worker as the build sees it, which says that it is there. */
  class NoWorker {
    #listen: (message: Message) => void = () => {};

    on(event: string, listener: (message: Message) => void): void {
      if (event === "message") this.#listen = listener;
    }
    postMessage({ cmd, wasmMemory }: Message): void {
      memory = wasmMemory;
      if (cmd === "load") this.#listen({ cmd: "loaded" });
    }
    ref(): void {}
    unref(): void {}
    terminate(): void {}
  }
  const { cpus } = os;
  const before = Object.getOwnPropertyDescriptor(globalThis, "Worker")!;
  Object.defineProperty(globalThis, "Worker", {
    configurable: true,
    get: () => NoWorker,
    set() {}, // the build would put Node's class there
  });
  os.cpus = () => new Array(2); // half of them: one
  try {
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", true);
    await start();
  } finally {
    os.cpus = cpus;
    Object.defineProperty(globalThis, "Worker", before);
  }
  if (!memory) throw new Error("tfjs's build shows no memory");
  return memory;
}
