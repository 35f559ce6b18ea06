import { createHash } from "node:crypto";

/** Size and SHA-256 of a file, read piece by piece. */
export async function hashFile(
  path: string,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1 << 20);
  for (
    let count = await file.read(buffer);
    count !== null;
    count = await file.read(buffer)
  ) {
    hash.update(buffer.subarray(0, count));
    bytes += count;
  }
  return { bytes, sha256: hash.digest("hex") };
}
