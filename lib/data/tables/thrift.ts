/** What a struct holds by field id; texts and doubles are passed over. */
export interface ThriftStruct {
  /** Integers. */
  numbers: Map<number, number>;
  /** Structs within. */
  structs: Map<number, ThriftStruct>;
}

/** Levels of structs and lists; the deepest of a parquet file has 8. */
const DEEPEST = 32;

/** Field and element types of Thrift's compact protocol. */
const TYPE = {
  yes: 1,
  no: 2,
  byte: 3,
  int16: 4,
  int32: 5,
  int64: 6,
  double: 7,
  binary: 8,
  list: 9,
  struct: 12,
};

/**
 * Walks over a struct in Thrift's compact protocol, in which parquet files have
 * their metadata. The library that reads them believes every length: one changed
 * byte makes it fill 2^31 places. Here none may go beyond the bytes that are left.
 *
 * @returns The struct's integers, and where it ends.
 * @throws {Error} If it is malformed; the message has no file's name.
 */
export function walkThrift(
  bytes: Uint8Array,
  start = 0,
): { struct: ThriftStruct; end: number } {
  const walk = new Walk(bytes, start);
  const struct = walk.struct(DEEPEST);
  return { struct, end: walk.at };
}

class Walk {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  struct(levels: number): ThriftStruct {
    const found: ThriftStruct = { numbers: new Map(), structs: new Map() };
    let id = 0;
    for (let head = this.#byte(); head !== 0; head = this.#byte()) {
      id = head >> 4 ? id + (head >> 4) : this.#int32();
      const value = this.#value(head & 15, levels);
      if (typeof value === "number") found.numbers.set(id, value);
      else if (value) found.structs.set(id, value);
    }
    return found;
  }

  #value(type: number, levels: number): number | ThriftStruct | undefined {
    switch (type) {
      case TYPE.yes:
      case TYPE.no:
        return type === TYPE.yes ? 1 : 0;
      case TYPE.byte:
        return this.#byte();
      case TYPE.int16:
      case TYPE.int32:
        return this.#int32();
      case TYPE.int64:
        return zigzag(this.#varint());
      case TYPE.double:
        return this.#skip(8);
      case TYPE.binary:
        return this.#skip(this.#varint());
      case TYPE.list:
        return this.#list(levels - 1);
      case TYPE.struct:
        if (levels === 0) fail("is nested too deeply");
        return this.struct(levels - 1);
      default:
        return fail(`has a field of the unknown type ${type}`);
    }
  }

  #list(levels: number): undefined {
    if (levels < 0) fail("is nested too deeply");
    const head = this.#byte();
    const type = head & 15;
    const size = head >> 4 === 15 ? this.#varint() : head >> 4;
    // No element takes less than a byte.
    if (size > this.#bytes.length - this.at) fail("ends within a list");
    const flags = type === TYPE.yes || type === TYPE.no;
    for (let i = 0; i < size; i++) {
      this.#value(flags ? TYPE.byte : type, levels);
    }
  }

  #byte(): number {
    return this.#bytes[this.at++] ?? fail("is cut off");
  }

  #varint(): number {
    let value = 0;
    for (let unit = 1;; unit *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * unit;
      if (byte < 128) return value;
      if (unit > 2 ** 63) fail("has a number of more than 64 bits");
    }
  }

  #int32(): number {
    const value = this.#varint();
    return value < 2 ** 32
      ? zigzag(value)
      : fail("has a number of more than 32 bits");
  }

  #skip(length: number): undefined {
    if (length > this.#bytes.length - this.at) fail("ends within a text");
    this.at += length;
  }
}

function zigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function fail(what: string): never {
  throw new Error(`its metadata ${what}`);
}
