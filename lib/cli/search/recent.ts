/** What was made and used last, by name. */
export interface Recent<T> extends Disposable {
  /** What has the name; made if it isn't there, and then others may go. */
  get(name: string, make: () => Promise<T>): Promise<T>;
}

/**
 * Keeps the things used last, so that memory doesn't grow with every task that
 * somebody looks at. Calls must come one after the other.
 *
 * @param most How many are kept.
 * @param drop Frees one.
 */
export function recent<T>(most: number, drop: (thing: T) => void): Recent<T> {
  const kept = new Map<string, T>(); // the one used last comes last
  return {
    async get(name, make) {
      const thing = kept.has(name) ? kept.get(name)! : await make();
      kept.delete(name);
      kept.set(name, thing);
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
