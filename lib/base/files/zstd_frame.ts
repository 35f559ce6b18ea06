import type { ByteSource } from "./byte_source.ts";

/** Bytes that the fields of a frame's header have, by the flags that tell it (RFC 8878, 3.1.1.1). */
const DICTIONARY_BYTES = [0, 1, 2, 4];
const SIZE_BYTES = [0, 2, 4, 8];
/** Kinds of blocks: as it is, one byte repeated, compressed, reserved. */
const REPEATED = 1;
const RESERVED = 3;

/**
 * The bytes of one zstd frame, block by block, from its mark to its last byte.
 *
 * @throws {Error} If it is none, or cut off; the message is the reason.
 */
export async function* zstdFrame(
  source: ByteSource,
): AsyncGenerator<Uint8Array> {
  const mark = await source.take(4);
  if (isSkippable(mark)) {
    await source.skip(uint32(await source.take(4)));
    return;
  }
  if (uint32(mark) !== 0xFD2FB528) throw new Error("a frame has no mark");
  yield mark;
  const flags = (await source.take(1))[0]!;
  yield Uint8Array.of(flags);
  yield await source.take(headerBytes(flags));
  for (let last = false; !last;) {
    const head = await source.take(3);
    yield head;
    const [a, b, c] = head as unknown as [number, number, number];
    const kind = (a >> 1) & 3;
    if (kind === RESERVED) throw new Error("a block has an unknown type");
    last = (a & 1) === 1;
    const size = (a >> 3) + (b << 5) + (c << 13);
    yield await source.take(kind === REPEATED ? 1 : size);
  }
  const hasChecksum = (flags & 4) !== 0;
  if (hasChecksum) yield await source.take(4);
}

/** Notes of other programs, which decoders leave out. */
export function isSkippable(mark: Uint8Array): boolean {
  return (uint32(mark) & 0xFFFFFFF0) >>> 0 === 0x184D2A50;
}

function headerBytes(flags: number): number {
  const single = (flags & 32) !== 0;
  const size = SIZE_BYTES[flags >> 6]!;
  return DICTIONARY_BYTES[flags & 3]! +
    (single ? Math.max(1, size) : 1 + size);
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}
