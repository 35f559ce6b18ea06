/** One entry of a {@linkcode MaxHeap}. */
interface Entry {
  count: number;
  key: number;
}

/** A binary heap that gives the highest count first. */
export class MaxHeap {
  #entries: Entry[] = [];
  #sortsFirst: (a: number, b: number) => boolean;

  /** @param sortsFirst Which of two keys with the same count comes first. */
  constructor(sortsFirst: (a: number, b: number) => boolean) {
    this.#sortsFirst = sortsFirst;
  }

  push(count: number, key: number): void {
    const entries = this.#entries;
    const entry = { count, key };
    let i = entries.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#above(entry, entries[parent]!)) break;
      entries[i] = entries[parent]!;
      i = parent;
    }
    entries[i] = entry;
  }

  pop(): Entry | undefined {
    const entries = this.#entries;
    const top = entries[0];
    const last = entries.pop();
    if (entries.length === 0 || last === undefined) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= entries.length) break;
      if (
        child + 1 < entries.length &&
        this.#above(entries[child + 1]!, entries[child]!)
      ) child++;
      if (!this.#above(entries[child]!, last)) break;
      entries[i] = entries[child]!;
      i = child;
    }
    entries[i] = last;
    return top;
  }

  #above(a: Entry, b: Entry): boolean {
    return a.count === b.count
      ? this.#sortsFirst(a.key, b.key)
      : a.count > b.count;
  }
}
