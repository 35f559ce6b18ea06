import { WebFault } from "./web_fault.ts";

/** How long to bear with a server. */
export interface Patience {
  /**
   * Further tries when a server or the network fails in a way that may pass.
   * @default {4}
   */
  retries?: number;
  /**
   * Milliseconds without a byte after which a connection counts as broken.
   * @default {30_000}
   */
  idleMs?: number;
  /** Waits between two tries. @default {until the time has passed} */
  wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** A number in [0, 1) that spreads the waits. @default {`Math.random`} */
  random?: () => number;
}

/** What retrying needs to know beside. */
export interface RetryOptions extends Patience {
  /** Stops the work. */
  signal?: AbortSignal;
  /** Whether the last try got a good way on: then they are counted anew. */
  gotOn?: () => boolean;
}

/** How long a server is borne with by default. */
export const PATIENCE = { retries: 4, idleMs: 30_000 } as const;

/** The first wait and the longest one of our own, in milliseconds. */
const [FIRST, LONGEST] = [500, 30_000];

/** The longest wait that a server may ask for. */
const LONGEST_ASKED = 5 * 60_000;

/**
 * Does some work again while it fails in a way that may pass, after a growing
 * pause: of the time, between half and all is waited, so that many who were cut off
 * together don't come back together. A server that names a time is obeyed.
 *
 * @param work A try; it throws a `WebFault`.
 * @param options How often, and how to wait.
 */
export async function retrying<T>(
  work: () => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const {
    retries = PATIENCE.retries,
    wait = pause,
    random = Math.random,
    signal,
    gotOn,
  } = options;
  for (let tries = 0;; tries++) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof WebFault) || !error.passing) throw error;
      if (gotOn?.()) tries = 0;
      if (tries >= retries) throw error;
      const own = Math.min(FIRST * 2 ** tries, LONGEST) * (1 + random()) / 2;
      await wait(Math.max(own, askedFor(error)), signal);
    }
  }
}

/** The wait that a server asks for, unless that is more than one waits for. */
function askedFor(fault: WebFault): number {
  const { waitMs = 0, message, status } = fault;
  if (waitMs <= LONGEST_ASKED) return waitMs;
  const minutes = Math.ceil(waitMs / 60_000);
  throw new WebFault(
    `${message} and asks to wait ${
      minutes > 24 * 60 ? "more than a day" : `${minutes} minutes`
    }`,
    { status, mend: "run it again then", cause: fault },
  );
}

/** Lets time pass. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  let stop = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(resolve, ms);
      stop = () => reject(signal?.reason);
      signal?.addEventListener("abort", stop);
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
