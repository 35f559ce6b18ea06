import { SPLITS } from "../types.ts";
import type { SplitName } from "../types.ts";
import { Growing } from "./growing.ts";
import { KeyIndex } from "./key_index.ts";
import { placeList } from "./places.ts";

/** A judgment, of queries and passages by their numbers. */
export interface Judgment {
  query: number;
  passage: number;
  grade: number;
  /** The split that its row names. */
  split: SplitName | undefined;
  /** Where it stands, as a number. */
  place: number;
}

/** Judgments as plain numbers, each pair once a split. */
export class JudgmentStore {
  readonly #index = new KeyIndex();
  readonly #queries = new Growing(Int32Array);
  readonly #passages = new Growing(Int32Array);
  readonly #grades = new Growing(Int32Array);
  readonly #splits = new Growing(Int32Array);
  readonly #places = placeList();
  /** Whether one is above 0. */
  matches = false;

  get size(): number {
    return this.#queries.length;
  }

  at(index: number): Judgment {
    return {
      query: this.#queries.at(index),
      passage: this.#passages.at(index),
      grade: this.#grades.at(index),
      split: SPLITS[this.#splits.at(index) - 1],
      place: this.#places.at(index),
    };
  }

  /** Takes in a judgment, or gives the one that the pair has. */
  add({ query, passage, grade, split, place }: Judgment): Judgment | undefined {
    const code = codeOf(split);
    const old = this.#index.get([query, passage, code]);
    if (old !== undefined) return this.at(old);
    this.#index.set([query, passage, code], this.size);
    this.#queries.push(query);
    this.#passages.push(passage);
    this.#grades.push(grade);
    this.#splits.push(code);
    this.#places.push(place);
    if (grade > 0) this.matches = true;
  }

  /** Whether a pair matches, whatever the split. */
  isMatch(query: number, passage: number): boolean {
    return [undefined, ...SPLITS].some((split) => {
      const index = this.#index.get([query, passage, codeOf(split)]);
      return index !== undefined && this.#grades.at(index) > 0;
    });
  }

  /** Numbers of the judgments, those of a query together, in order of the queries. */
  byQuery(queries: number): Int32Array {
    const starts = new Int32Array(queries + 1);
    for (let i = 0; i < this.size; i++) starts[this.#queries.at(i) + 1]!++;
    for (let q = 0; q < queries; q++) starts[q + 1]! += starts[q]!;
    const order = new Int32Array(this.size);
    for (let i = 0; i < this.size; i++) {
      order[starts[this.#queries.at(i)]!++] = i;
    }
    return order;
  }
}

function codeOf(split: SplitName | undefined): number {
  return split === undefined ? 0 : SPLITS.indexOf(split) + 1;
}
