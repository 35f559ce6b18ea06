/** A stretch of bytes of a file that is put together piece by piece. */
export interface Piece {
  /** How many bytes. */
  length: number;
  /** The bytes; called once, when their turn to be written comes. */
  read(): Uint8Array | Promise<Uint8Array>;
}

/** Pieces of bytes that are there already. */
export function bytesPiece(bytes: Uint8Array): Piece {
  return { length: bytes.length, read: () => bytes };
}

/** Bytes of all pieces. */
export function totalLength(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Wire types of Protocol Buffers that ONNX needs. */
const WIRE = { varint: 0, bytes: 2, float: 5 } as const;

/** Seven bits a byte, the lowest first; negative ones in two's complement. */
function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

const tag = (field: number, wire: number): number[] => varint(field * 8 + wire);

/** A field of an int32, an int64 or an enumeration. */
export function intField(field: number, value: number): Piece[] {
  return [bytesPiece(
    Uint8Array.from([...tag(field, WIRE.varint), ...varint(value)]),
  )];
}

/** A field of a float. */
export function floatField(field: number, value: number): Piece[] {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [
    bytesPiece(Uint8Array.from([...tag(field, WIRE.float), ...bytes])),
  ];
}

/** A field of a text. */
export function textField(field: number, text: string): Piece[] {
  return messageField(field, [bytesPiece(new TextEncoder().encode(text))]);
}

/** A field of a message, or of bytes. */
export function messageField(
  field: number,
  content: readonly Piece[],
): Piece[] {
  const head = [...tag(field, WIRE.bytes), ...varint(totalLength(content))];
  return [bytesPiece(Uint8Array.from(head)), ...content];
}
