import * as tf from "@tensorflow/tfjs-core";
import os from "node:os";
import { type MessagePort, Worker } from "node:worker_threads";

/**
 * tfjs ships a WebAssembly build with threads and refuses it in Node, where its
 * workers don't find their script (tfjs issue 3830). Here they are given one.
 * While the backend starts, three things are other than they are: the flag that
 * refuses, the class of workers, and the number of processors, of which tfjs
 * would use half.
 */

/** Workers that the build asks for at its start; it uses the last ones first. */
const POOL = 8;

/** What the build's main thread and its workers tell each other. */
interface Message {
  cmd?: string;
  /** The build's own script. */
  urlOrBlob?: Blob;
  [key: string]: unknown;
}

/**
 * Starts the backend with threads.
 *
 * @param threads How many, the caller's among them; 2 to 9.
 * @param start Starts it.
 */
export async function startWithThreads(
  threads: number,
  start: () => Promise<void>,
): Promise<void> {
  let asked = 0;
  class Thread extends WasmThread {
    constructor() {
      super(++asked > POOL - (threads - 1));
    }
  }
  const { cpus } = os;
  const before = Object.getOwnPropertyDescriptor(globalThis, "Worker")!;
  Object.defineProperty(globalThis, "Worker", {
    configurable: true,
    get: () => Thread,
    set() {}, // the build would put Node's class there
  });
  os.cpus = () => new Array(2 * threads);
  try {
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", true);
    await start();
  } finally {
    os.cpus = cpus;
    Object.defineProperty(globalThis, "Worker", before);
  }
}

/** A worker as the build sees it. Those that it will not use are none. */
class WasmThread {
  readonly #worker: Worker | undefined;
  #listen: (message: Message) => void = () => {};

  constructor(used: boolean) {
    if (!used) return;
    this.#worker = new Worker(
      `(${serve})(require("node:worker_threads").parentPort)`,
      { eval: true },
    );
    this.#worker.on("message", (message) => this.#listen(message));
  }

  on(event: string, listener: (message: Message) => void): void {
    if (event === "message") this.#listen = listener;
    else this.#worker?.on(event, listener);
  }

  postMessage({ urlOrBlob, ...message }: Message): void {
    const worker = this.#worker;
    if (!worker) {
      if (message.cmd === "load") this.#listen({ cmd: "loaded" });
    } else if (urlOrBlob) {
      // A blob can't be sent; its text can.
      urlOrBlob.text().then((script) =>
        worker.postMessage({ ...message, script })
      );
    } else {
      // At once: the sender may wait for an answer without resting.
      worker.postMessage(message);
    }
  }

  /** A thread keeps no process alive, whatever the build says. */
  ref(): void {}

  unref(): void {
    this.#worker?.unref();
  }

  terminate(): void {
    this.#worker?.terminate();
  }
}

/**
 * What a worker does; its text is sent there, so it names nothing from outside.
 * The same as the build's own worker script, which looks for files.
 */
function serve(port: MessagePort): void {
  // deno-lint-ignore no-explicit-any
  const everywhere = globalThis as any;
  // deno-lint-ignore no-explicit-any
  let module: any = {
    ENVIRONMENT_IS_PTHREAD: true,
    instantiateWasm(
      imports: WebAssembly.Imports,
      receive: (instance: WebAssembly.Instance) => void,
    ) {
      const instance = new WebAssembly.Instance(module.wasmModule, imports);
      module.wasmModule = null;
      receive(instance);
      return instance.exports;
    },
  };
  everywhere.postMessage = (message: unknown) => port.postMessage(message);
  everywhere.startWorker = (ready: unknown) => {
    module = ready;
    port.postMessage({ cmd: "loaded" });
  };
  /** Runs the build's script, which has helpers of its bundle around it. */
  const load = (script: string) => {
    const helpers = {
      process: undefined, // it shall not look for Node's files
      importScripts: () => {},
      self: { location: { href: "" } },
      __read: <T>(values: Iterable<T>) => [...values],
      __values: <T>(values: Iterable<T>) => values[Symbol.iterator](),
      __spreadArray: <T>(a: T[], b: T[]) => [...a, ...b],
    };
    const factory = new Function(
      ...Object.keys(helpers),
      `${script}\nreturn WasmBackendModuleThreadedSimd;`,
    );
    factory(...Object.values(helpers))(module);
  };
  const run = (start: number, argument: number) => {
    try {
      module.invokeEntryPoint(start, argument);
    } catch (error) {
      if (error !== "unwind") throw error;
    }
  };
  port.on("message", (message) => {
    switch (message.cmd) {
      case "load":
        module.wasmModule = message.wasmModule;
        module.wasmMemory = message.wasmMemory;
        module.buffer = message.wasmMemory.buffer;
        return load(message.script);
      case "run":
        module.__emscripten_thread_init(message.pthread_ptr, 0, 0, 1);
        module.establishStackSpace();
        module.PThread.threadInitTLS();
        return run(message.start_routine, message.arg);
    }
  });
}
