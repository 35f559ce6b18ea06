/** Bytes that are read at once. */
const CHUNK = 1 << 16;

/** A file's bytes, read in order, whose position can be put back. */
export class ByteSource {
  readonly #file: Deno.FsFile;
  /** What was read but not given yet. */
  #rest: Uint8Array = new Uint8Array(0);
  /** Bytes given so far. */
  position = 0;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** The next bytes, some of them; none at the end. */
  async #next(): Promise<Uint8Array> {
    if (this.#rest.length > 0) return this.#rest;
    const chunk = new Uint8Array(CHUNK);
    const count = await this.#file.read(chunk) ?? 0;
    return this.#rest = chunk.subarray(0, count);
  }

  #give(count: number): Uint8Array {
    const given = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    this.position += count;
    return given;
  }

  /** All bytes that are left. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = await this.#next();
      if (chunk.length === 0) return;
      yield this.#give(chunk.length);
    }
  }

  /** Whether no byte is left. */
  async atEnd(): Promise<boolean> {
    return (await this.#next()).length === 0;
  }

  /** The next bytes, as many as asked for. */
  async take(count: number): Promise<Uint8Array> {
    const taken = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      if (await this.atEnd()) throw new Error("unexpected end of file");
      const piece = this.#give(Math.min(count - at, this.#rest.length));
      taken.set(piece, at);
      at += piece.length;
    }
    return taken;
  }

  /** Leaves as many bytes out. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      if (await this.atEnd()) throw new Error("unexpected end of file");
      left -= this.#give(Math.min(left, this.#rest.length)).length;
    }
  }

  /** The first bytes, which stay there. */
  async peek(count: number): Promise<Uint8Array> {
    const all = await this.#next();
    return all.subarray(0, count);
  }

  /** Goes to a place in the file. */
  async seek(position: number): Promise<void> {
    await this.#file.seek(position, Deno.SeekMode.Start);
    this.#rest = new Uint8Array(0);
    this.position = position;
  }

  /** Leaves zeros out; says whether anything is left. */
  async skipZeros(): Promise<boolean> {
    for (;;) {
      const chunk = await this.#next();
      if (chunk.length === 0) return false;
      const zeros = chunk.findIndex((byte) => byte !== 0);
      this.#give(zeros < 0 ? chunk.length : zeros);
      if (zeros >= 0) return true;
    }
  }
}
