/**
 * A map from pairs of integers >= 0 to integers >= 0, in typed arrays: a
 * million entries take 25 MB, where a `Map` of numbers takes four times that.
 */
export class PairMap {
  #size = 0;
  #mask: number;
  #first: Int32Array;
  #second: Int32Array;
  #values: Int32Array;

  constructor(expected = 16) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, expected * 2)));
    this.#mask = slots - 1;
    this.#first = new Int32Array(slots).fill(-1);
    this.#second = new Int32Array(slots);
    this.#values = new Int32Array(slots);
  }

  /** The value of a pair, -1 if it has none. */
  get(first: number, second: number): number {
    const slot = this.#slot(first, second);
    return this.#first[slot] === -1 ? -1 : this.#values[slot]!;
  }

  set(first: number, second: number, value: number): void {
    const slot = this.#slot(first, second);
    if (this.#first[slot] === -1) {
      this.#first[slot] = first;
      this.#second[slot] = second;
      this.#size++;
    }
    this.#values[slot] = value;
    if (this.#size * 4 > this.#mask * 3) this.#grow();
  }

  /** Where a pair is, or would go. */
  #slot(first: number, second: number): number {
    let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & this.#mask;; slot = (slot + 1) & this.#mask) {
      const found = this.#first[slot]!;
      if (found === -1 || (found === first && this.#second[slot] === second)) {
        return slot;
      }
    }
  }

  #grow(): void {
    const larger = new PairMap(this.#size * 2);
    this.#first.forEach((first, slot) => {
      if (first !== -1) {
        larger.set(first, this.#second[slot]!, this.#values[slot]!);
      }
    });
    this.#mask = larger.#mask;
    this.#first = larger.#first;
    this.#second = larger.#second;
    this.#values = larger.#values;
  }
}
