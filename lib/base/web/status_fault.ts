import type { Answer } from "./ask.ts";
import { WebFault } from "./web_fault.ts";

/** Statuses below 500 that may pass. */
const PASSING = [408, 425, 429];

/** Statuses of 500 and more that won't. */
const LASTING = [501, 505, 511];

/**
 * Throws unless the status says that the answer is what was asked for.
 *
 * @throws {WebFault} With the status, and the wait that the server asks for.
 */
export function checkStatus({ status, headers }: Answer): void {
  if (status === 200 || status === 206) return;
  throw new WebFault(`the server answers ${status}`, {
    status,
    passing: PASSING.includes(status) ||
      (status >= 500 && !LASTING.includes(status)),
    waitMs: retryAfter(headers),
  });
}

/** Milliseconds that `Retry-After` asks to wait: it holds seconds or a date. */
export function retryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+$/.test(value)) return 1000 * Number(value);
  const until = Date.parse(value);
  // Of two clocks that differ, the server's is the one it reckons by.
  const now = Date.parse(headers.get("date") ?? "");
  const ms = until - (Number.isNaN(now) ? Date.now() : now);
  return ms > 0 ? ms : undefined;
}
