/** What was made and used last, by what it was made of. */
export interface Recent<K, T> extends Disposable {
  /** What belongs to the key; made if it isn't there, and then others may go. */
  get(key: K, make: () => Promise<T>): Promise<T>;
}

/**
 * Keeps the things used last, so that memory doesn't grow with every task that
 * somebody looks at. Calls must come one after the other.
 *
 * @param most How many are kept.
 * @param drop Frees one.
 */
export function recent<K, T>(
  most: number,
  drop: (thing: T) => void,
): Recent<K, T> {
  const kept = new Map<K, T>(); // the one used last comes last
  return {
    async get(key, make) {
      const thing = kept.has(key) ? kept.get(key)! : await make();
      kept.delete(key);
      kept.set(key, thing);
      const [oldest] = kept;
      if (kept.size > most && oldest) {
        kept.delete(oldest[0]);
        drop(oldest[1]);
      }
      return thing;
    },
    [Symbol.dispose]() {
      for (const thing of kept.values()) drop(thing);
      kept.clear();
    },
  };
}
