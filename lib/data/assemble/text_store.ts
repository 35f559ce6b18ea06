import { Growing } from "./growing.ts";
import { hash96 } from "./hash96.ts";
import { KeyIndex } from "./key_index.ts";
import { placeList } from "./places.ts";

/** A text that is to be known. */
export interface NewText {
  /** All that makes it this text. */
  whole: string;
  /** The id that it has in the data. */
  id: string | undefined;
  /** Where it stands, as a number. */
  place: number;
}

/** What became of it. */
export interface Known {
  /** Its number, from 0. */
  index: number;
  /** Whether it's a new one. */
  fresh: boolean;
  /** Where another text stands that has the same id. */
  clash?: number;
}

/**
 * Queries or passages: equal texts are one, unless the data give them ids of their
 * own. It keeps hashes of texts, and ids that the data give; no text.
 */
export class TextStore {
  readonly #mark: "q" | "p";
  readonly #byText = new KeyIndex();
  readonly #byId = new KeyIndex();
  /** Those that aren't the mark and the number. */
  readonly #ids: (string | undefined)[] = [];
  readonly #hashes = new Growing(Int32Array);
  readonly #places = placeList();

  constructor(mark: "q" | "p") {
    this.#mark = mark;
  }

  get size(): number {
    return this.#ids.length;
  }

  id(index: number): string {
    return this.#ids[index] ?? `${this.#mark}${index + 1}`;
  }

  /** Takes in a text. */
  add({ whole, id, place }: NewText): Known {
    const hash = hash96(whole);
    const index = id === undefined ? this.#byText.get(hash) : this.#find(id);
    if (index !== undefined) {
      const same = hash.every((bits, i) =>
        bits === this.#hashes.at(3 * index + i)
      );
      if (!same) return { index, fresh: false, clash: this.#places.at(index) };
    }
    const known = index ?? this.#ids.push(this.#newId(id)) - 1;
    if (this.#byText.get(hash) === undefined) this.#byText.set(hash, known);
    if (index !== undefined) return { index, fresh: false };
    const kept = this.#ids[known];
    if (kept !== undefined) this.#byId.set(hash96(kept), known);
    for (const bits of hash) this.#hashes.push(bits);
    this.#places.push(place);
    return { index: known, fresh: true };
  }

  #find(id: string): number | undefined {
    const number = /^[qp]([1-9]\d*)$/.exec(id)?.[1];
    const index = Number(number) - 1;
    const numbered = number !== undefined && id[0] === this.#mark &&
      index < this.size && this.#ids[index] === undefined;
    return numbered ? index : this.#byId.get(hash96(id));
  }

  /** Numbered from 1; given ids may look the same. `undefined`: its own number. */
  #newId(id: string | undefined): string | undefined {
    const own = this.size + 1;
    if (id !== undefined) return id;
    let number = own;
    while (this.#byId.get(hash96(`${this.#mark}${number}`)) !== undefined) {
      number++;
    }
    return number === own ? undefined : `${this.#mark}${number}`;
  }
}
