import { shown } from "../shown.ts";
import { PATIENCE, type Patience } from "./retry.ts";
import { WebFault } from "./web_fault.ts";

/** Options for {@linkcode ask}. */
export interface AskOptions extends Pick<Patience, "idleMs"> {
  /** Sent wherever the answer comes from. */
  headers?: Readonly<Record<string, string>>;
  /**
   * Sent to the address's own origin only, and no more once a redirect has left
   * it: an access token.
   */
  secret?: Readonly<Record<string, string>>;
  /** Stops the request. */
  signal?: AbortSignal;
}

/** A server's answer, of any status but a redirect's. */
export interface Answer {
  /** Where it came from in the end. */
  url: URL;
  /** The status. */
  status: number;
  /** The headers. */
  headers: Headers;
  /** The body, piece by piece. */
  chunks: AsyncIterable<Uint8Array>;
}

/** Redirects that are followed. */
const MAX_REDIRECTS = 10;

/** Statuses that say where else to ask. */
const REDIRECTS = [301, 302, 303, 307, 308];

/** Waits for something of a connection, which breaks if that takes too long. */
type Watch = <T>(work: Promise<T>) => Promise<T>;

/**
 * Asks a server once. A connection on which nothing comes for too long is broken
 * off; redirects are followed by hand, as what may be sent depends on whither.
 *
 * @param url Address.
 * @param options What to send, and how long to wait.
 * @param read Reads the answer; the connection ends with it.
 * @throws {WebFault} If there is no answer.
 */
export async function ask<T>(
  url: string | URL,
  options: AskOptions,
  read: (answer: Answer) => Promise<T>,
): Promise<T> {
  const { idleMs = PATIENCE.idleMs, signal } = options;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  const watch = watchOver(stop, idleMs);
  try {
    const { response, at } = await follow(new URL(url), {
      ...options,
      watch,
      signal: stop.signal,
    });
    return await read({
      url: at,
      status: response.status,
      headers: response.headers,
      chunks: chunksOf(response, watch),
    });
  } finally {
    signal?.removeEventListener("abort", onAbort);
    // A body that nobody read to its end would hold the connection.
    stop.abort();
  }
}

function watchOver(stop: AbortController, idleMs: number): Watch {
  return async (work) => {
    const timer = setTimeout(() => {
      stop.abort(
        new WebFault(`the server sent nothing for ${idleMs / 1000} s`, {
          passing: true,
        }),
      );
    }, idleMs);
    try {
      return await work;
    } catch (error) {
      if (stop.signal.aborted) throw stop.signal.reason;
      throw networkFault(error);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function follow(
  url: URL,
  { headers, secret, watch, signal }: AskOptions & { watch: Watch },
): Promise<{ response: Response; at: URL }> {
  let at = url;
  let sent = { ...headers, ...secret };
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await watch(
      fetch(at, { headers: sent, signal, redirect: "manual" }),
    );
    if (!REDIRECTS.includes(response.status)) return { response, at };
    await response.body?.cancel();
    at = redirectTarget(response, at);
    if (at.origin !== url.origin) sent = { ...headers };
  }
  throw new WebFault(
    `the server redirects more than ${MAX_REDIRECTS} times`,
    CHECK_ADDRESS,
  );
}

const CHECK_ADDRESS = { mend: "check the address of the hub or mirror" };

/** Where a redirect leads, if that is a place to ask. */
export function redirectTarget({ status, headers }: Response, from: URL): URL {
  const location = headers.get("location");
  if (location === null || !URL.canParse(location, from)) {
    throw new WebFault(
      `the server answers ${status} without an address`,
      CHECK_ADDRESS,
    );
  }
  const to = new URL(location, from);
  const safe = to.protocol === "https:" ||
    (to.protocol === "http:" && from.protocol === "http:");
  if (safe && !to.username && !to.password) return to;
  // No more than this of the address: it may be signed.
  throw new WebFault(
    `the server redirects to ${shown(`${to.protocol}//${to.host}`)}${
      safe ? " with a user's name" : ""
    }, where files aren't fetched from`,
    CHECK_ADDRESS,
  );
}

async function* chunksOf(
  response: Response,
  watch: Watch,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  for (;;) {
    const { done, value } = await watch(reader.read());
    if (done) return;
    yield value;
  }
}

/** What the engine's error means; one that isn't the network's is left as it is. */
function networkFault(error: unknown): unknown {
  if (error instanceof Deno.errors.NotCapable) {
    return new WebFault(
      `Deno may not ask ${/"([^"]*)"/.exec(error.message)?.[1] ?? "there"}`,
      { mend: "run it with --allow-net", cause: error },
    );
  }
  if (!(error instanceof Error)) return error;
  return new WebFault(reasonOf(error), { passing: true, cause: error });
}

/** What lies behind "fetch failed", without the address, which may be signed. */
function reasonOf(error: Error): string {
  let innermost = error;
  while (innermost.cause instanceof Error) innermost = innermost.cause;
  const said = innermost.message
    .replace(/^.*client error \(\w+\): /s, "")
    .replace(/\bhttps?:\/\/\S+/g, "the server");
  return shown(said).slice(1, -1);
}
