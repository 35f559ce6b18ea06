import type { ProgressEvent } from "../base/progress_event.ts";

/**
 * Passes a stage through and tells how long it took, also when it was left
 * early.
 *
 * @param events The stage.
 * @param spent Gets the seconds, before this ends.
 */
export async function* timed<T>(
  events: AsyncGenerator<ProgressEvent, T>,
  spent: (seconds: number) => Promise<void>,
): AsyncGenerator<ProgressEvent, T> {
  const started = performance.now();
  try {
    return yield* events;
  } finally {
    await spent((performance.now() - started) / 1000);
  }
}
