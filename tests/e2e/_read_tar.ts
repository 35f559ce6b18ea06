const BLOCK = 512;

/**
 * Files of a tar archive, as `deno publish` packs them.
 *
 * @param bytes The archive, unzipped.
 * @returns Contents by path, each path with a slash in front.
 * @throws {SyntaxError} If it has anything but files and folders.
 */
export function readTar(
  bytes: Uint8Array<ArrayBuffer>,
): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length && bytes[at] !== 0;) {
    const field = (start: number, length: number) =>
      decoder.decode(bytes.subarray(at + start, at + start + length))
        .replace(/\0.*$/s, "");
    const size = parseInt(field(124, 12), 8);
    const kind = field(156, 1);
    const prefix = field(257, 5) === "ustar" ? field(345, 155) : "";
    const path = [prefix, field(0, 100)].filter((part) => part !== "")
      .join("/").replace(/^(\.?\/)*/, "/");
    if (kind === "0" || kind === "") {
      files.set(path, bytes.slice(at + BLOCK, at + BLOCK + size));
    } else if (kind !== "5") {
      throw new SyntaxError(`Cannot read archive: ${path} has type ${kind}`);
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
