import assert from "node:assert/strict";
import type { ProgressEvent } from "../lib/base/progress_event.ts";

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
