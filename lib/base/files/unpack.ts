import { createGunzip, createZstdDecompress, type Gunzip } from "node:zlib";
import type { Transform } from "node:stream";
import type { ByteSource } from "./byte_source.ts";
import { zstdFrame } from "./zstd_frame.ts";

/**
 * What gzip members hold, one after the other: block-wise gzip has thousands, and
 * files that are put together by `cat` have some. Zeros behind a member are
 * padding, as tapes have it. All else is damage.
 *
 * @throws {Error} If the bytes are no gzip, or cut off; the message is the reason.
 */
export async function* gunzipped(
  source: ByteSource,
): AsyncGenerator<Uint8Array> {
  do {
    const start = source.position;
    const gunzip = createGunzip();
    yield* through(source.chunks(), gunzip);
    // The library stops at a zero behind a member, and says nothing of the rest.
    await source.seek(start + (gunzip as Gunzip).bytesWritten);
  } while (await source.skipZeros());
}

/**
 * What zstd frames hold, one after the other.
 *
 * @throws {Error} If the bytes are no zstd, or cut off; the message is the reason.
 */
export async function* unzstd(
  source: ByteSource,
): AsyncGenerator<Uint8Array> {
  // The library ends with the first frame, and takes one that is cut off.
  while (!await source.atEnd()) {
    yield* through(zstdFrame(source), createZstdDecompress());
  }
}

/** Bytes through a transform: each piece is written when the one before is done. */
async function* through(
  source: AsyncGenerator<Uint8Array>,
  transform: Transform,
): AsyncGenerator<Uint8Array> {
  const fed = feed(source, transform);
  try {
    yield* transform as AsyncIterable<Uint8Array>;
    await fed;
  } finally {
    transform.destroy();
    await fed;
  }
}

async function feed(
  source: AsyncGenerator<Uint8Array>,
  transform: Transform,
): Promise<void> {
  // It may end before its input does; its callback isn't called then.
  const over = new Promise<void>((done) => {
    transform.once("end", done).once("close", done);
  });
  try {
    for await (const chunk of source) {
      const written = new Promise((done) => transform.write(chunk, done));
      await Promise.race([written, over]);
      if (transform.destroyed || transform.readableEnded) return;
    }
    transform.end();
  } catch (error) {
    transform.destroy(error as Error);
  }
}
