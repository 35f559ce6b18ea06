import { existsSync } from "node:fs";
import { mpiLauncher } from "../../base/files/mpi_folder.ts";
import { ownCommandLine } from "./own_command_line.ts";
import {
  fromParentLine,
  type ParentTerminal,
  WORKER_PARENT,
} from "../../base/worker_parent.ts";

/** Options for {@linkcode startLocal}. */
export interface StartLocalOptions {
  /** Threads that each worker may compute with. @default {its share of the cores} */
  threads?: number;
  /** Asks the workers to stop; worker 0 decides where. */
  signal?: AbortSignal;
  /** Where their output goes. @default {standard output} */
  out?: (text: string) => void;
  /** Where what else they say goes. @default {standard error} */
  err?: (text: string) => void;
  /** What worker 0 writes to. @default {no terminal} */
  terminal?: ParentTerminal;
}

/**
 * Starts this very program again, several times, as workers on this machine, and
 * waits for them. They find each other by shared memory: nothing listens on the
 * network. Worker 0 writes to the standard output.
 *
 * @param count How many, >= 2.
 * @param options Threads and a signal.
 * @returns The exit code of worker 0.
 * @throws {RangeError} If MPI isn't set up.
 * @throws {Deno.errors.ConnectionAborted} If a worker was killed.
 */
export async function startLocal(
  count: number,
  {
    threads = Math.max(1, Math.floor(navigator.hardwareConcurrency / count)),
    signal,
    out = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text)),
    err = (text) => Deno.stderr.writeSync(new TextEncoder().encode(text)),
    terminal = { terminal: false, color: false, columns: 80 },
  }: StartLocalOptions = {},
): Promise<number> {
  const launcher = mpiLauncher();
  if (!existsSync(launcher)) {
    throw new RangeError(
      "Cannot start workers: MPI is not set up; run tdro setup --mpi, or start the command by a launcher of your own, such as mpirun",
    );
  }
  const line = await ownCommandLine();
  const child = new Deno.Command(launcher, {
    args: ["-n", `${count}`, ...line],
    env: { ...settings(threads), [WORKER_PARENT]: JSON.stringify(terminal) },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    // Ctrl-C is for this process: it asks worker 0, which knows a good place.
    detached: true,
  }).spawn();
  const end = () => kill(child);
  addEventListener("unload", end);
  const input = child.stdin.getWriter();
  const stop = () => {
    input.write(new TextEncoder().encode("stop\n")).catch(() => {});
  };
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  try {
    const [ends] = await Promise.all([
      passOn(child.stderr, err),
      passOn(child.stdout, out),
    ]);
    const { code } = await child.status;
    // By an interrupt the launcher ends those that are left.
    const killed = ends.find(({ by }) => by !== "Interrupt");
    if (!killed) return ends.length > 0 && code === 0 ? 2 : code;
    throw new Deno.errors.ConnectionAborted(
      `Cannot go on: worker ${killed.rank} was ended from outside (${killed.by}), and all others with it; run the same command again`,
    );
  } finally {
    signal?.removeEventListener("abort", stop);
    removeEventListener("unload", end);
    await input.close().catch(() => {});
  }
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGTERM");
  } catch {
    // It has ended.
  }
}

/**
 * How each worker computes: with its share of the cores, and through shared memory
 * alone, so that MPI opens no port. What the user set stands.
 */
function settings(threads: number): Record<string, string> {
  const wanted = {
    UCX_TLS: "self,posix,sysv,cma",
    TF_NUM_INTRAOP_THREADS: `${threads}`,
    OMP_NUM_THREADS: `${threads}`,
    TDRO_THREADS: `${threads}`,
    TDRO_WASM_THREADS: `${threads}`,
  };
  // The command line has set all cores for the wasm backend, as if it were alone.
  const alone = `${navigator.hardwareConcurrency}`;
  return Object.fromEntries(
    Object.entries(wanted).filter(([name]) => {
      const set = Deno.env.get(name);
      return !set || (name === "TDRO_WASM_THREADS" && set === alone);
    }),
  );
}

/** A worker's end by a signal, as the launcher tells it. */
interface End {
  rank: number;
  by: string;
}

/** What the launcher writes about a worker that ended otherwise than it should. */
const ENDED = /^\[\d+\](\d+):Return code = (\d+)(?:, signaled with (.*))?$/;

/** What MPI writes where a worker ended all: it has said why itself. */
const ABORTED = /^Abort\(\d+\) on node \d+ /;

/** Passes on what is said, and takes out what the launcher says of ends. */
async function passOn(
  stream: ReadableStream<Uint8Array>,
  write: (text: string) => void,
): Promise<End[]> {
  const ends: End[] = [];
  const lines = stream.pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const text of lines) {
    const whole = (rest + text).split("\n");
    rest = whole.pop()!;
    for (const line of whole) {
      const end = ENDED.exec(line);
      if (ABORTED.test(line)) continue;
      if (!end) write(fromParentLine(line));
      else if (end[3]) ends.push({ rank: Number(end[1]), by: end[3] });
    }
  }
  if (rest) write(rest);
  return ends;
}
