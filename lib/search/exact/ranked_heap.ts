/** Decides a tie: less than 0 if row `a` ranks before row `b`. */
export type TieOrder = (a: number, b: number) => number;

/** The order of rows in a corpus: the earlier one first. */
export const earlierRow: TieOrder = (a, b) => a - b;

/**
 * Keeps the k best of any number of scored rows in O(k) memory: a binary heap
 * with the worst kept row at its root. Score descending, then `tie`, is a total
 * order, so what is kept doesn't depend on the order of offers.
 */
export class RankedHeap {
  /** A row with a lower score than this can't enter; it may save the call. */
  bar = -Infinity;
  #k: number;
  #tie: TieOrder;
  #size = 0;
  #scores: Float64Array;
  #rows: Int32Array;

  constructor(k: number, tie: TieOrder = earlierRow) {
    this.#k = k;
    this.#tie = tie;
    const room = Math.min(k, 64);
    this.#scores = new Float64Array(room);
    this.#rows = new Int32Array(room);
  }

  /** Takes the row in if it is among the k best so far; no NaN, please. */
  offer(score: number, row: number): void {
    if (this.#size < this.#k) {
      if (this.#size === this.#rows.length) this.#grow();
      this.#rise(this.#size++, score, row);
      if (this.#size === this.#k) this.bar = this.#scores[0]!;
    } else if (this.#before(score, row, this.#scores[0]!, this.#rows[0]!)) {
      this.#sink(score, row);
      this.bar = this.#scores[0]!;
    }
  }

  /** The rows that are kept, in no special order. */
  rows(): Int32Array {
    return this.#rows.slice(0, this.#size);
  }

  /** What is kept, best first. */
  ranked(): { scores: Float64Array; rows: Int32Array } {
    const left = new RankedHeap(this.#k, this.#tie);
    left.#scores = this.#scores.slice(0, this.#size);
    left.#rows = this.#rows.slice(0, this.#size);
    // The worst one goes where the heap, now smaller, ends.
    for (left.#size = this.#size - 1; left.#size > 0; left.#size--) {
      const end = left.#size;
      const score = left.#scores[end]!;
      const row = left.#rows[end]!;
      left.#scores[end] = left.#scores[0]!;
      left.#rows[end] = left.#rows[0]!;
      left.#sink(score, row);
    }
    return { scores: left.#scores, rows: left.#rows };
  }

  #before(scoreA: number, a: number, scoreB: number, b: number): boolean {
    return scoreA > scoreB || (scoreA === scoreB && this.#tie(a, b) < 0);
  }

  #grow(): void {
    const room = Math.min(this.#k, this.#rows.length * 2);
    const scores = new Float64Array(room);
    scores.set(this.#scores);
    this.#scores = scores;
    const rows = new Int32Array(room);
    rows.set(this.#rows);
    this.#rows = rows;
  }

  #rise(hole: number, score: number, row: number): void {
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const parentScore = this.#scores[parent]!;
      const parentRow = this.#rows[parent]!;
      if (!this.#before(parentScore, parentRow, score, row)) break;
      this.#scores[hole] = parentScore;
      this.#rows[hole] = parentRow;
      hole = parent;
    }
    this.#scores[hole] = score;
    this.#rows[hole] = row;
  }

  /** Puts a row in the place of the root. */
  #sink(score: number, row: number): void {
    const size = this.#size;
    const scores = this.#scores;
    const rows = this.#rows;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      const right = child + 1;
      if (
        right < size &&
        this.#before(scores[child]!, rows[child]!, scores[right]!, rows[right]!)
      ) child = right; // the worse of the two
      if (!this.#before(score, row, scores[child]!, rows[child]!)) break;
      scores[hole] = scores[child]!;
      rows[hole] = rows[child]!;
      hole = child;
    }
    scores[hole] = score;
    rows[hole] = row;
  }
}
