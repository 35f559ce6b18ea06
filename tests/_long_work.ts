import assert from "node:assert/strict";
import type { ProgressEvent } from "../lib/base/progress_event.ts";

/** Does long work to its end, and gives what it came to; `look` sees its progress. */
export async function ended<T>(
  work: AsyncGenerator<ProgressEvent, T>,
  look: (event: ProgressEvent) => void = () => {},
): Promise<T> {
  while (true) {
    const next = await work.next();
    if (next.done) return next.value;
    look(next.value);
  }
}

/**
 * Leaves long work at the first event that is meant, as an interruption does. Fails if
 * there is none: the work would have ended, and going on with it shown nothing.
 */
export async function stopAt(
  work: AsyncGenerator<ProgressEvent, unknown>,
  isMeant: (event: ProgressEvent) => boolean,
): Promise<void> {
  for await (const event of work) if (isMeant(event)) return;
  assert.fail("the work ended before it was stopped");
}
