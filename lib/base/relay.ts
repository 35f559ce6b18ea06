/**
 * Passes on what a generator yields, each value changed, and returns what it
 * returns. Left early, it ends the generator, whose `finally` blocks then run.
 *
 * @param source The generator.
 * @param change What to pass on for each of its values.
 * @param signal Looked at after each value.
 */
export async function* relay<T, U, R>(
  source: AsyncGenerator<T, R>,
  change: (value: T) => U,
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
      yield change(next.value);
      signal?.throwIfAborted();
    }
  } finally {
    if (!ended) await source.return(undefined as never);
  }
}
