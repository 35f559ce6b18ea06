import { fixedSum } from "../fixed_sum.ts";
import { fromBfloat16, toBfloat16 } from "../bfloat16.ts";
import { bytesOf } from "../messages.ts";
import type {
  AllReduceOptions,
  BroadcastOptions,
  Workers,
} from "../workers.ts";
import {
  MPI,
  type MpiLibrary,
  type MpiSymbols,
  openLibrary,
} from "./mpi_library.ts";

/** Options for {@linkcode openMpi}. */
export interface OpenMpiOptions {
  /** Processes that a launcher is known to have started. @default {as MPI says} */
  expected?: number | undefined;
  /** Whether that launcher is the system's. @default {false} */
  underSystem?: boolean | undefined;
}

/**
 * Joins the processes that an MPI launcher started together with this one
 * (`mpiexec`, `mpirun`, `srun`), through MPI's standard ABI: without a compiler and
 * without an addon. Once a process.
 *
 * @param options What is known of the launcher.
 * @returns The workers; under no launcher this process alone.
 * @throws {RangeError} If there is no such library, or it sees other processes
 * than the launcher started.
 *
 * @example Usage
 * ```ts ignore
 * import { openMpi } from "@tdro/tdro/workers";
 *
 * const workers = await openMpi(); // in a program that mpiexec -n 4 started
 * const sum = Float32Array.of(workers.rank);
 * await workers.allReduce(sum); // 0 + 1 + 2 + 3 on each
 * await workers.close();
 * ```
 */
export async function openMpi(
  { expected, underSystem }: OpenMpiOptions = {},
): Promise<Workers> {
  const library = openLibrary({ underSystem });
  const { symbols } = library;
  const provided = new Int32Array(1);
  const failed = await symbols.MPI_Init_thread(
    null,
    null,
    MPI.threadSerialized,
    provided,
  );
  if (failed !== 0) {
    throw new RangeError(
      `Cannot start workers: ${library.version} could not start: ${
        messageOf(symbols, failed)
      }; start it under its own launcher, or name another library by TDRO_MPI`,
    );
  }
  if (provided[0]! < MPI.threadSerialized) {
    throw new RangeError(
      `Cannot start workers: ${library.version} must allow calls from several threads: got thread level ${
        provided[0]
      }; name another library by TDRO_MPI`,
    );
  }
  symbols.MPI_Comm_set_errhandler(MPI.commWorld, MPI.errorsReturn);
  const workers = new MpiWorkers(library);
  if (expected !== undefined && workers.size !== expected) {
    await workers.close();
    throw new RangeError(
      `Cannot start workers: the launcher started ${expected} processes, but ${library.version} sees ${workers.size}: it is not the launcher's own; name that one by TDRO_MPI`,
    );
  }
  return workers;
}

/** Most bytes of one message: a count must fit in 31 bits. */
const MOST = 2 ** 30;

/** Numbers that are summed at a time: what is needed beside them, 16 MB twice. */
const PIECE = 2 ** 22;

/** Bytes from which on to carry them over takes longer than a sleep. */
const LARGE = 2 ** 17;

/** How long to look without a sleep, in ms. */
const AT_ONCE = 0.1;

class MpiWorkers implements Workers {
  readonly rank: number;
  readonly size: number;
  readonly carrier: string;
  readonly #mpi: MpiSymbols;
  /** Of the call that is being made: there is one at a time. */
  readonly #request = new BigUint64Array(1);

  constructor({ symbols, version }: MpiLibrary) {
    this.#mpi = symbols;
    this.carrier = version;
    const number = new Int32Array(1);
    this.#check("MPI_Comm_rank", symbols.MPI_Comm_rank(MPI.commWorld, number));
    this.rank = number[0]!;
    this.#check("MPI_Comm_size", symbols.MPI_Comm_size(MPI.commWorld, number));
    this.size = number[0]!;
  }

  // Each worker sums one part of the numbers, and all get the sums. MPI's own
  // reduction is free to choose the order, another one for other counts.
  async allReduce(
    values: Float32Array,
    { precision = "float32" }: AllReduceOptions = {},
  ): Promise<void> {
    if (this.size === 1) return;
    for (let from = 0; from < values.length; from += PIECE) {
      const piece = values.subarray(from, from + PIECE);
      if (precision === "bfloat16") await this.#sumRounded(piece);
      else await this.#sum(piece);
    }
  }

  async #sum(values: Float32Array): Promise<void> {
    const part = Math.ceil(values.length / this.size);
    const sent = padded(values, part * this.size);
    const got = new Float32Array(sent.length);
    await this.#exchange(sent, got, 4 * part);
    const sum = fixedSum(partsOf(got, part));
    await this.#share(sum, sent, 4 * part);
    if (sent.buffer !== values.buffer) {
      values.set(sent.subarray(0, values.length));
    }
  }

  async #sumRounded(values: Float32Array): Promise<void> {
    const part = Math.ceil(values.length / this.size);
    const sent = toBfloat16(padded(values, part * this.size));
    const got = new Uint16Array(sent.length);
    await this.#exchange(sent, got, 2 * part);
    const each = new Float32Array(got.length);
    fromBfloat16(got, each);
    const sum = toBfloat16(fixedSum(partsOf(each, part)));
    await this.#share(sum, sent, 2 * part);
    fromBfloat16(sent.subarray(0, values.length), values);
  }

  /** Part r of what is sent goes to worker r; from each comes a part. */
  async #exchange(
    sent: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>,
    got: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>,
    bytes: number,
  ): Promise<void> {
    const [from, into] = [bytesOf(sent), bytesOf(got)];
    const { byte, commWorld } = MPI;
    const code = this.#mpi.MPI_Ialltoall(
      ...[from, bytes, byte, into, bytes, byte, commWorld] as const,
      this.#request,
    );
    await this.#finish("MPI_Ialltoall", { code, bytes: into.length });
  }

  /** The parts of all, one after the other. */
  async #share(
    part: ArrayBufferView,
    all: ArrayBufferView,
    bytes: number,
  ): Promise<void> {
    const [from, into] = [bytesOf(part), bytesOf(all)];
    const { byte, commWorld } = MPI;
    const code = this.#mpi.MPI_Iallgather(
      ...[from, bytes, byte, into, bytes, byte, commWorld] as const,
      this.#request,
    );
    await this.#finish("MPI_Iallgather", { code, bytes: into.length });
  }

  async allGather(bytes: Uint8Array): Promise<Uint8Array[]> {
    const counts = new Int32Array(this.size);
    await this.#share(Int32Array.of(bytes.length), counts, 4);
    const starts = new Int32Array(this.size);
    for (let r = 1; r < this.size; r++) {
      starts[r] = starts[r - 1]! + counts[r - 1]!;
    }
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total > MOST) {
      throw new RangeError(
        `Cannot gather from the workers: the parts must have at most ${MOST} bytes together: got ${total}`,
      );
    }
    const all = new Uint8Array(total);
    const own = bytes as Uint8Array<ArrayBuffer>;
    const { byte, commWorld } = MPI;
    const code = this.#mpi.MPI_Iallgatherv(
      ...[own, own.length, byte, all, counts, starts] as const,
      ...[byte, commWorld, this.#request] as const,
    );
    await this.#finish("MPI_Iallgatherv", { code, bytes: total });
    return Array.from(
      counts,
      (count, r) => all.slice(starts[r], starts[r]! + count),
    );
  }

  async broadcast(
    bytes: Uint8Array,
    { patient = false }: BroadcastOptions = {},
  ): Promise<void> {
    for (let from = 0; from < bytes.length; from += MOST) {
      const piece = bytes.subarray(from, from + MOST);
      const code = this.#mpi.MPI_Ibcast(
        piece as Uint8Array<ArrayBuffer>,
        piece.length,
        MPI.byte,
        0,
        MPI.commWorld,
        this.#request,
      );
      await this.#finish("MPI_Ibcast", { code, bytes: piece.length, patient });
    }
  }

  async barrier(): Promise<void> {
    const code = this.#mpi.MPI_Ibarrier(MPI.commWorld, this.#request);
    await this.#finish("MPI_Ibarrier", { code, bytes: 0 });
  }

  /**
   * Waits until a call that was begun is done. MPI's own waiting keeps a processor
   * busy all the while, which the other side may need: only what takes long to
   * carry over is waited for in that way, beside the event loop.
   */
  async #finish(
    call: string,
    { code, bytes, patient = false }: {
      code: number;
      bytes: number;
      patient?: boolean;
    },
  ): Promise<void> {
    this.#check(call, code);
    if (bytes > LARGE) {
      this.#check(call, await this.#mpi.MPI_Wait(this.#request, null));
      return;
    }
    const done = new Int32Array(1);
    const started = performance.now();
    while (true) {
      this.#check(call, this.#mpi.MPI_Test(this.#request, done, null));
      if (done[0]) return;
      const gone = performance.now() - started;
      if (gone < AT_ONCE) continue;
      const rest = patient && gone > 1000 ? 10 : gone < 5 ? 0 : 1;
      await new Promise((resume) => setTimeout(resume, rest));
    }
  }

  async close(): Promise<void> {
    this.#check("MPI_Finalize", await this.#mpi.MPI_Finalize());
  }

  abort(code: number): void {
    this.#mpi.MPI_Abort(MPI.commWorld, code);
  }

  #check(call: string, code: number): void {
    if (code === 0) return;
    throw new Deno.errors.ConnectionAborted(
      `Cannot go on with the other workers: ${call}: ${
        messageOf(this.#mpi, code)
      }; run the same command again`,
    );
  }
}

function messageOf(mpi: MpiSymbols, code: number): string {
  const text = new Uint8Array(MPI.maxErrorString);
  const length = new Int32Array(1);
  mpi.MPI_Error_string(code, text, length);
  return new TextDecoder().decode(text.subarray(0, length[0])).split("\n")[0]!;
}

/** The numbers, followed by zeros; the same array if none are needed. */
function padded(values: Float32Array, length: number) {
  if (values.length === length) return values as Float32Array<ArrayBuffer>;
  const whole = new Float32Array(length);
  whole.set(values);
  return whole;
}

function partsOf(values: Float32Array, part: number): Float32Array[] {
  return Array.from(
    { length: values.length / part },
    (_, i) => values.subarray(i * part, (i + 1) * part),
  );
}
