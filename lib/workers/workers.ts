/**
 * Several processes that compute as one. All of them make the same calls in the
 * same order; what each gives is of the same size everywhere unless said otherwise.
 * One worker alone needs none of this: where workers are optional, leaving them out
 * is the code path without any.
 */
export interface Workers {
  /** Number of this process, from 0. Number 0 leads: it reads, writes and decides. */
  readonly rank: number;
  /** How many processes there are, >= 1. */
  readonly size: number;
  /** What carries the messages, e.g. `MPICH 5.0.2`. */
  readonly carrier: string;
  /**
   * Sums numbers over the workers, in place. Each sum is made once, in an order that
   * depends on the ranks alone, and handed to all: the same bits everywhere.
   *
   * @param values The numbers; of one length everywhere.
   * @param options What travels; sums are made in float32 in any case.
   */
  allReduce(values: Float32Array, options?: AllReduceOptions): Promise<void>;
  /**
   * What every worker gives, by rank, on every worker.
   *
   * @param bytes Of any length, which may differ from one to the next.
   */
  allGather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /**
   * Replaces the bytes by those of worker 0.
   *
   * @param bytes Of one length everywhere; changed in place.
   * @param options How to wait.
   */
  broadcast(bytes: Uint8Array, options?: BroadcastOptions): Promise<void>;
  /** Returns when all workers have called it. */
  barrier(): Promise<void>;
  /** Ends the exchange, once all workers call it. */
  close(): Promise<void>;
  /** Ends all workers at once, this one included where the carrier can do that. */
  abort(code: number): void;
}

/** Options for {@linkcode Workers.allReduce}. */
export interface AllReduceOptions {
  /**
   * What travels between the workers. `"bfloat16"` is half as much, and rounds what
   * each gives and each sum to 8 bits. @default {"float32"}
   */
  precision?: "float32" | "bfloat16";
}

/** Options for {@linkcode Workers.broadcast}. */
export interface BroadcastOptions {
  /**
   * Whether it may take long until worker 0 sends: the processor then rests, for a
   * few milliseconds more until it is noticed. @default {false}
   */
  patient?: boolean;
}
