import { type Patience, pause } from "../../base/web/retry.ts";
import { WebFault } from "../../base/web/web_fault.ts";
import type { Endpoint } from "./endpoint.ts";

/** Options of {@linkcode waitForServer}. */
export interface WaitForServerOptions extends Pick<Patience, "wait"> {
  /** Seconds that a server may take to load its model. */
  loadWait: number;
  /** Stops the waiting. */
  signal?: AbortSignal | undefined;
  /** Told once, when there is something to wait for. */
  onWait?: (reason: string) => void;
}

/** What a server answers while it loads a model. */
const LOADING = [502, 503, 504];

/** Seconds that nobody may answer at all: the address may be wrong. */
const SILENCE = 15;

/**
 * Waits until a server lists its models.
 *
 * @param endpoint The server.
 * @param options How long to wait.
 * @returns Names of its models; `undefined` where it has no such list.
 * @throws {WebFault} If it still loads, or won't be asked.
 */
export async function waitForServer(
  endpoint: Pick<Endpoint, "models">,
  { loadWait, signal, wait = pause, onWait }: WaitForServerOptions,
): Promise<string[] | undefined> {
  let waited = 0;
  let own = 500;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await endpoint.models(signal);
    } catch (error) {
      if (!(error instanceof WebFault)) throw error;
      const { status } = error;
      const silent = status === undefined;
      if (!silent && !LOADING.includes(status) && !error.passing) {
        if (status === 401 || status === 403 || status < 400) throw error;
        return undefined; // it has no list
      }
      const ms = Math.max(own, error.waitMs ?? 0);
      const most = silent ? Math.min(SILENCE, loadWait) : loadWait;
      if (waited + ms > most * 1000) {
        throw new WebFault(
          `${error.message}, ${Math.round(waited / 1000)} s long`,
          {
            status,
            mend: silent
              ? "start the server, or look at --url"
              : "--load-wait waits longer",
            cause: error,
          },
        );
      }
      if (waited === 0) onWait?.(error.message);
      await wait(ms, signal);
      waited += ms;
      own = Math.min(own * 1.5, 10_000);
    }
  }
}
