/** A constructor of typed arrays. */
interface Kind<A> {
  new (length: number): A;
}

type Numbers = Int32Array | Uint32Array | Float64Array;

/** A list of plain numbers, which takes their bytes and no more than twice that. */
export class Growing<A extends Numbers> {
  readonly #kind: Kind<A>;
  #data: A;
  length = 0;

  constructor(kind: Kind<A>) {
    this.#kind = kind;
    this.#data = new kind(16);
  }

  push(value: number): void {
    if (this.length === this.#data.length) {
      const larger = new this.#kind(2 * this.length);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.length++] = value;
  }

  at(index: number): number {
    return this.#data[index]!;
  }

  /** All of them; not a copy. */
  values(): A {
    return this.#data.subarray(0, this.length) as A;
  }
}
