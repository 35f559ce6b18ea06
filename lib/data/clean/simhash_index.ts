import { ones, simhasher } from "../../base/texts/simhash.ts";

/** Something near a text. */
export interface SimhashMatch<T> {
  /** What was added with the text. */
  item: T;
  /** Bits in which the two values differ. */
  distance: number;
}

/** Options for {@linkcode SimhashIndex}. */
export interface SimhashIndexOptions {
  /** Most bits in which near texts differ, from 0 to 63. @default {2} */
  distance?: number;
}

/**
 * Finds the texts whose {@linkcode simhash} is within a few bits of another's,
 * without comparing all of them. The 64 bits are cut in `distance + 1` blocks:
 * of two values within the distance, at least one block is the same, so only
 * texts that share a block are compared, and none is missed.
 *
 * @example Usage
 * ```ts
 * import { SimhashIndex } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const index = new SimhashIndex<string>();
 * index.add("What is the capital of France?", "q1");
 * assert.deepEqual(index.find("what is the capital of FRANCE"), [
 *   { item: "q1", distance: 0 },
 * ]);
 * assert.deepEqual(index.find("Who wrote Emma?"), []);
 * ```
 */
export class SimhashIndex<T> {
  #simhash = simhasher();
  #distance: number;
  #blocks: { shift: bigint; mask: bigint; places: Map<bigint, number[]> }[];
  /** Place of each value; texts of one value share it. */
  #places = new Map<bigint, number>();
  #high: number[] = [];
  #low: number[] = [];
  #items: T[][] = [];

  /**
   * Makes an empty index.
   *
   * @param options How near texts must be.
   * @throws {RangeError} If the distance isn't an integer from 0 to 63.
   */
  constructor({ distance = 2 }: SimhashIndexOptions = {}) {
    if (!Number.isInteger(distance) || distance < 0 || distance > 63) {
      throw new RangeError(
        `Cannot index texts: distance must be an integer from 0 to 63: got ${distance}`,
      );
    }
    this.#distance = distance;
    const width = Math.floor(64 / (distance + 1));
    this.#blocks = Array.from({ length: distance + 1 }, (_, i) => {
      // The last block takes the rest.
      const bits = i === distance ? 64 - width * i : width;
      return {
        shift: BigInt(width * i),
        mask: (1n << BigInt(bits)) - 1n,
        places: new Map(),
      };
    });
  }

  /**
   * Adds a text.
   *
   * @param text The text.
   * @param item What {@linkcode find} shall give for it.
   */
  add(text: string, item: T): void {
    const value = this.#simhash(text);
    let place = this.#places.get(value);
    if (place === undefined) {
      place = this.#items.push([]) - 1;
      this.#places.set(value, place);
      this.#high.push(Number(value >> 32n));
      this.#low.push(Number(value & 0xffffffffn));
      for (const { shift, mask, places } of this.#blocks) {
        const key = value >> shift & mask;
        const list = places.get(key);
        if (list) list.push(place);
        else places.set(key, [place]);
      }
    }
    this.#items[place]!.push(item);
  }

  /**
   * Finds what is near a text.
   *
   * @param text The text.
   * @returns The matches, nearest first, then in the order in which they were
   * added.
   */
  find(text: string): SimhashMatch<T>[] {
    const value = this.#simhash(text);
    const high = Number(value >> 32n);
    const low = Number(value & 0xffffffffn);
    const near = new Map<number, number>(); // place → distance
    for (const { shift, mask, places } of this.#blocks) {
      for (const place of places.get(value >> shift & mask) ?? []) {
        const distance = ones(this.#high[place]! ^ high) +
          ones(this.#low[place]! ^ low);
        if (distance <= this.#distance) near.set(place, distance);
      }
    }
    return [...near].sort(([a, x], [b, y]) => x - y || a - b)
      .flatMap(([place, distance]) =>
        this.#items[place]!.map((item) => ({ item, distance }))
      );
  }
}
