import { openToRead } from "./open_file.ts";
import { createHash, type Hash } from "node:crypto";

/** Size and SHA-256 of a file, read piece by piece. */
export async function hashFile(
  path: string,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  const bytes = await feed(hash, path);
  return { bytes, sha256: hash.digest("hex") };
}

/**
 * The id that git gives a file's content: the hash of its size and its bytes.
 *
 * @param path The file.
 * @param like An id of the repository: of 64 digits it is SHA-256, else SHA-1.
 */
export async function gitBlobId(path: string, like: string): Promise<string> {
  const { size } = await Deno.stat(path);
  const hash = createHash(like.length === 64 ? "sha256" : "sha1");
  await feed(hash.update(`blob ${size}\0`), path);
  return hash.digest("hex");
}

/** Hashes a file's bytes; how many they are. */
async function feed(hash: Hash, path: string): Promise<number> {
  let bytes = 0;
  using file = await openToRead(path);
  const buffer = new Uint8Array(1 << 20);
  for (
    let count = await file.read(buffer);
    count !== null;
    count = await file.read(buffer)
  ) {
    hash.update(buffer.subarray(0, count));
    bytes += count;
  }
  return bytes;
}
