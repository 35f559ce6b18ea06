import type { Hash96 } from "./hash96.ts";

/** Integers of a slot: the key's three, and the value plus one. */
const WIDTH = 4;

/**
 * A map from keys of 96 bits to numbers from 0, in a table of plain integers: a
 * `Map` takes five times the memory, and ends at 2 ** 24 entries.
 */
export class KeyIndex {
  #slots = new Int32Array(16 * WIDTH);
  size = 0;

  /** The number of a key; `undefined` if it has none. */
  get(key: Hash96): number | undefined {
    const value = this.#slots[this.#place(key) + 3]!;
    return value === 0 ? undefined : value - 1;
  }

  /** Gives a key a number. */
  set(key: Hash96, value: number): void {
    // Half of the slots stay free, so that searches are short.
    if (2 * (this.size + 1) > this.#slots.length / WIDTH) this.#grow();
    const at = this.#place(key);
    if (this.#slots[at + 3] === 0) this.size++;
    this.#slots.set(key, at);
    this.#slots[at + 3] = value + 1;
  }

  /** Where a key is, or would be. */
  #place([a, b, c]: Hash96): number {
    const slots = this.#slots;
    const mask = slots.length / WIDTH - 1;
    let slot = spread(a, b, c) & mask;
    while (true) {
      const at = slot * WIDTH;
      if (
        slots[at + 3] === 0 ||
        slots[at] === a && slots[at + 1] === b && slots[at + 2] === c
      ) return at;
      slot = slot + 1 & mask;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    for (let at = 0; at < old.length; at += WIDTH) {
      if (old[at + 3] === 0) continue;
      const place = this.#place([old[at]!, old[at + 1]!, old[at + 2]!]);
      this.#slots.set(old.subarray(at, at + WIDTH), place);
    }
  }
}

/** Keys may be small numbers in a row. */
function spread(a: number, b: number, c: number): number {
  let bits = Math.imul(a, 0x85ebca6b) ^ Math.imul(b, 0xc2b2ae35) ^ c;
  bits = Math.imul(bits ^ bits >>> 15, 0x27d4eb2f);
  return bits ^ bits >>> 13;
}
