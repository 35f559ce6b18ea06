/**
 * Lets timers, aborts and plots have their turn during long work: call what is
 * returned between two pieces of it.
 */
export function resting(signal?: AbortSignal): () => Promise<void> {
  let rested = performance.now();
  return async () => {
    signal?.throwIfAborted();
    if (performance.now() - rested <= 100) return;
    await new Promise((resolve) => setTimeout(resolve));
    rested = performance.now();
  };
}
