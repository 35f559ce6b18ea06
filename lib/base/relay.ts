/**
 * Passes on what a generator yields, each value changed or left out, and returns
 * what it returns. Left early, it ends the generator, whose `finally` blocks then run.
 *
 * @param source The generator.
 * @param change What to pass on for each of its values; `undefined`: nothing.
 * @param signal Looked at after each value.
 */
export async function* relay<T, U, R>(
  source: AsyncGenerator<T, R>,
  change: (value: T) => U | undefined,
  signal?: AbortSignal,
): AsyncGenerator<U, R> {
  let ended = false;
  try {
    while (true) {
      const next = await source.next();
      if (next.done) {
        ended = true;
        return next.value;
      }
      const changed = change(next.value);
      if (changed !== undefined) yield changed;
      signal?.throwIfAborted();
    }
  } finally {
    if (!ended) await source.return(undefined as never);
  }
}
