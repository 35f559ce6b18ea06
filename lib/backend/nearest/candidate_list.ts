/** What a {@linkcode CandidateList} needs to know. */
export interface CandidateListOptions {
  /** How many are wanted. */
  k: number;
  /** A true score below which none is wanted. */
  bar: number;
  /** How far off a score may be. */
  error: number;
  /** How far off it may be beside that, relative to itself. */
  relative: number;
}

/**
 * The rows that may be among the k nearest to a query, by scores that are off
 * by at most `error + relative · |score|`. If k of them score at least s, the
 * k-th nearest scores at least `s - error - relative · |s|`; who can't reach
 * that even with the error in favour is out.
 */
export class CandidateList {
  /** A row with a lower score can't be among the k nearest. */
  floor = -Infinity;
  /** How many are wanted. */
  readonly k: number;
  /** How far off a score may be, and how far relative to itself. */
  readonly error: number;
  readonly relative: number;
  #size = 0;
  #rows = new Int32Array(64);
  #scores = new Float32Array(64);
  #visited = 0;

  constructor({ k, bar, error, relative }: CandidateListOptions) {
    this.k = k;
    this.error = error;
    this.relative = relative;
    this.#raise(bar);
  }

  /** An empty list with the same bounds. */
  sibling(): CandidateList {
    const other = new CandidateList({
      k: this.k,
      bar: -Infinity,
      error: this.error,
      relative: this.relative,
    });
    other.riseTo(this.floor);
    return other;
  }

  /** Calls for every row from `from` to `to - 1`, if rows came in order. */
  within(from: number, to: number, visit: (row: number) => void): void {
    const rows = this.#rows;
    const size = this.#size;
    let i = this.#visited;
    while (i < size && rows[i]! < from) i++;
    for (; i < size && rows[i]! < to; i++) {
      if (this.#scores[i]! >= this.floor) visit(rows[i]!);
    }
    this.#visited = i;
  }

  /** Scores of different rows, not to be added: they only tell how near is near. */
  expect(scores: Float32Array): void {
    if (this.#size < this.k && scores.length >= this.k) {
      this.#raiseTo(kthLargest(scores.slice(), this.k));
    }
  }

  /** Nor can a row below another list's floor. */
  riseTo(floor: number): void {
    if (floor > this.floor) this.floor = floor;
  }

  /** Takes a row in; its score is at least `floor`. */
  add(row: number, score: number): void {
    if (this.#size === this.#rows.length) this.#grow();
    this.#rows[this.#size] = row;
    this.#scores[this.#size++] = score;
  }

  /**
   * Raises the floor by what was added, and puts those below it out; unless
   * there are so few that it doesn't pay yet (`atEnd`: all the same).
   */
  settle(atEnd = false): void {
    const few = atEnd ? this.k : 1.5 * this.k;
    if (this.#size <= few) return;
    this.#raiseTo(kthLargest(this.#scores.slice(0, this.#size), this.k));
    let kept = 0;
    for (let i = 0; i < this.#size; i++) {
      const score = this.#scores[i]!;
      if (score < this.floor) continue;
      this.#rows[kept] = this.#rows[i]!;
      this.#scores[kept++] = score;
    }
    this.#size = kept;
  }

  /** Who is left. */
  rows(): Int32Array {
    return this.#rows.slice(0, this.#size);
  }

  #grow(): void {
    const rows = new Int32Array(2 * this.#rows.length);
    rows.set(this.#rows);
    this.#rows = rows;
    const scores = new Float32Array(rows.length);
    scores.set(this.#scores);
    this.#scores = scores;
  }

  /** k rows were seen to score this or more. */
  #raiseTo(score: number): void {
    this.#raise(score - this.error - this.relative * Math.abs(score));
  }

  /** The k-th nearest row's true score is this or more. */
  #raise(truth: number): void {
    const reach = truth - this.error;
    const floor = reach / (1 + Math.sign(reach) * this.relative);
    if (floor > this.floor) this.floor = floor;
  }
}

/** The k-th largest of at least k values; reorders them. */
export function kthLargest(values: Float32Array, k: number): number {
  let from = 0;
  let to = values.length - 1;
  const wanted = k - 1; // its place in descending order
  while (from < to) {
    // The middle of three keeps sorted values from being the worst case.
    const pivot = middle(values[from]!, values[from + to >> 1]!, values[to]!);
    let i = from;
    let j = to;
    while (i <= j) {
      while (values[i]! > pivot) i++;
      while (values[j]! < pivot) j--;
      if (i <= j) {
        const swap = values[i]!;
        values[i++] = values[j]!;
        values[j--] = swap;
      }
    }
    if (wanted <= j) to = j;
    else if (wanted >= i) from = i;
    else break;
  }
  return values[wanted]!;
}

function middle(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
