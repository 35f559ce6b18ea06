import { type MessagePort, Worker } from "node:worker_threads";
import { instantiate, type Place, TABLE } from "./instance.ts";

/** What a worker needs. */
interface Job {
  module: WebAssembly.Module;
  place: Place;
  /** Address of what threads share. */
  shared: number;
  threads: number;
}

interface Message extends Job {
  table: number;
}

/**
 * Starts a thread that does tasks of the compiled kernels, and sleeps where there
 * are none. Nobody waits for it: once it is there it takes its share.
 *
 * @param job What it needs.
 */
export function startWorker(job: Job): void {
  const worker = new Worker(
    `const instantiate = ${instantiate};
    (${serve})(require("node:worker_threads").parentPort, instantiate);`,
    { eval: true },
  );
  worker.on("error", () => {}); // the others do its tasks
  worker.postMessage({ ...job, table: TABLE } satisfies Message);
  worker.unref();
}

/** What a worker does; its text is sent there, so it names nothing from outside. */
function serve(port: MessagePort, start: typeof instantiate): void {
  port.on("message", ({ module, place, shared, threads, table }: Message) => {
    const none = () => 0; // the main thread does it for all
    const services = { malloc: none, free: none, output: none };
    const { exports } = start(module, place, { services, table });
    exports.serve(shared, threads);
  });
}
