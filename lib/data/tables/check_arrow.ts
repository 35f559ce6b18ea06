/** Bytes at either end of a file of the form with an index. */
const MAGIC = new TextEncoder().encode("ARROW1");

/** What a message is about, by its number. */
const [SCHEMA, DICTIONARY, RECORDS] = [1, 2, 3] as const;

/** Number of Arrow's type of unions, which lists its members. */
const UNION = 14;

/** Since the fourth version a buffer's description has no page (8 bytes less). */
const VERSION_4 = 3;

/**
 * Throws unless the lists in an Arrow file's messages end within the file. The
 * library trusts their lengths: with a few bytes changed it would fill the memory.
 *
 * @param bytes The file, of either form.
 * @throws {RangeError} If one doesn't.
 */
export function checkArrow(bytes: Uint8Array): void {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    for (let at = 0; at < bytes.length;) {
      const next = checkMessage(bytes, at);
      if (next === undefined) return;
      at = next;
    }
    return;
  }
  const file = new Flat(bytes);
  const end = bytes.length - MAGIC.length - 4;
  const footer = file.table(end - file.int32(end));
  const version = footer.number(4, "int16");
  for (const slot of [8, 10]) {
    for (const block of footer.vector(slot, 24)) {
      checkMessage(bytes, file.int64(block));
    }
  }
  const schema = footer.at(6);
  if (schema !== undefined) {
    checkHeader(file, { type: SCHEMA, at: schema, version, body: 0 });
  }
  checkPairs(footer, 12);
}

/** Where the next message begins; `undefined` where there is none. */
function checkMessage(bytes: Uint8Array, start: number): number | undefined {
  const file = new Flat(bytes);
  let length = file.int32(start);
  let at = start + 4;
  // Since version 0.15 a mark comes first.
  if (length === -1) {
    length = file.int32(at);
    at += 4;
  }
  if (length === 0) return;
  file.checkSpan(at, length);
  const head = new Flat(bytes.subarray(at, at + length));
  const message = head.table(0);
  const header = message.at(8);
  if (header === undefined) return at + length;
  const body = message.number(10, "int64");
  file.checkSpan(at + length, body);
  checkHeader(head, {
    type: message.number(6, "uint8"),
    at: header,
    version: message.number(4, "int16"),
    body,
  });
  return at + length + body;
}

/** What a message begins with. */
interface Header {
  /** What it is about. */
  type: number;
  /** Where it is. */
  at: number;
  /** Of Arrow's format. */
  version: number;
  /** Bytes of values that follow it. */
  body: number;
}

function checkHeader(flat: Flat, { type, at, version, body }: Header): void {
  const header = flat.table(at);
  if (type === SCHEMA) {
    for (const field of header.vector(6, 4)) checkField(flat.table(field));
    checkPairs(header, 8);
  } else if (type === DICTIONARY) {
    const data = header.at(6);
    if (data !== undefined) {
      checkHeader(flat, { type: RECORDS, at: data, version, body });
    }
  } else if (type === RECORDS) {
    // A row takes a bit at least.
    checkAtMost(flat, header.vector(6, 16), 8 * body);
    const buffers = header.vector(8, version < VERSION_4 ? 24 : 16);
    checkAtMost(flat, header.vector(12, 8), buffers.length);
  }
}

/** Throws unless the numbers at some places are at most `most`. */
function checkAtMost(
  flat: Flat,
  places: readonly number[],
  most: number,
): void {
  for (const place of places) {
    const count = flat.int64(place);
    if (count < 0 || count > most) {
      throw new RangeError("it counts more rows than it has bytes for");
    }
  }
}

function checkField(field: Table): void {
  const type = field.at(10);
  if (field.number(8, "uint8") === UNION && type !== undefined) {
    field.flat.table(type).vector(6, 4);
  }
  for (const child of field.vector(14, 4)) checkField(field.flat.table(child));
  checkPairs(field, 16);
}

/** Names and values. */
function checkPairs(owner: Table, slot: number): void {
  for (const pair of owner.vector(slot, 4)) {
    const { flat } = owner;
    for (const text of [4, 6]) {
      const at = flat.table(pair).at(text);
      if (at !== undefined) flat.checkList(at, 1);
    }
  }
}

/** Bytes in the form of FlatBuffers; whatever leads out of them throws. */
class Flat {
  readonly #view: DataView;
  /** Entries that may still be looked at: there can't be more than bytes. */
  #left: number;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(
      bytes.buffer,
      bytes.byteOffset,
      bytes.byteLength,
    );
    this.#left = bytes.length;
  }

  number(at: number, type: "uint8" | "int16" | "int32" | "int64"): number {
    if (type === "uint8") return this.#view.getUint8(at);
    if (type === "int16") return this.#view.getInt16(at, true);
    return type === "int32" ? this.int32(at) : this.int64(at);
  }

  int32(at: number): number {
    return this.#view.getInt32(at, true);
  }

  int64(at: number): number {
    return Number(this.#view.getBigInt64(at, true));
  }

  /** Throws unless so many bytes are there. */
  checkSpan(at: number, length: number): void {
    if (at >= 0 && length >= 0 && at + length <= this.#view.byteLength) return;
    throw new RangeError("a part leads out of the file");
  }

  /** The object that is `at` refers to. */
  table(at: number): Table {
    return new Table(this, at + this.int32(at));
  }

  /** Where the entries of the list are that is `at` refers to. */
  checkList(at: number, stride: number): { start: number; length: number } {
    const base = at + this.int32(at);
    const length = this.int32(base);
    this.checkSpan(base + 4, length * stride);
    this.#left -= length;
    // Lists that hold each other have no end.
    if (this.#left < 0) throw new RangeError("its lists hold too much");
    return { start: base + 4, length };
  }
}

/** An object of FlatBuffers: which fields it has, its head tells. */
class Table {
  readonly flat: Flat;
  readonly #position: number;
  readonly #head: number;
  readonly #size: number;

  constructor(flat: Flat, position: number) {
    this.flat = flat;
    this.#position = position;
    this.#head = position - flat.int32(position);
    this.#size = flat.number(this.#head, "int16");
  }

  /** Where a field is; `undefined` if it isn't there. */
  at(slot: number): number | undefined {
    if (slot >= this.#size) return;
    const offset = this.flat.number(this.#head + slot, "int16");
    return offset === 0 ? undefined : this.#position + offset;
  }

  /** A field that is a number; 0 if it isn't there. */
  number(slot: number, type: "uint8" | "int16" | "int64"): number {
    const at = this.at(slot);
    return at === undefined ? 0 : this.flat.number(at, type);
  }

  /** Where the entries of a list are. */
  vector(slot: number, stride: number): number[] {
    const at = this.at(slot);
    if (at === undefined) return [];
    const { start, length } = this.flat.checkList(at, stride);
    return Array.from({ length }, (_, i) => start + i * stride);
  }
}
