import { PairMap } from "./pair_map.ts";

/** Texts with a number each, found by what a longer text has at a place. */
export class Trie {
  /** (node, unit of the text) → node. */
  #children = new PairMap();
  /** The number at a node, -1 for none. */
  #numbers: number[] = [-1];

  /** Adds a text; one that is there gets the new number. */
  add(text: string, number: number): void {
    let node = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let child = this.#children.get(node, unit);
      if (child === -1) {
        child = this.#numbers.push(-1) - 1;
        this.#children.set(node, unit, child);
      }
      node = child;
    }
    this.#numbers[node] = number;
  }

  /** Calls back for each text that stands at a place, the shortest first. */
  each(
    text: string,
    at: number,
    found: (end: number, number: number) => void,
  ): void {
    let node = 0;
    for (let i = at; i < text.length; i++) {
      node = this.#children.get(node, text.charCodeAt(i));
      if (node === -1) return;
      const number = this.#numbers[node]!;
      if (number !== -1) found(i + 1, number);
    }
  }
}
