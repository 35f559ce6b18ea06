import { createHash } from "node:crypto";

/**
 * An id as databases can keep it, who know neither a NUL nor half a surrogate pair:
 * those are escaped, and so is the backslash that escapes them.
 *
 * @param id Any text.
 */
export function storedId(id: string): string {
  return id.replaceAll(
    // Halves of a pair that stand alone, as `u` sees them.
    /[\\\0]|\p{Cs}/gu,
    (mark) => `\\${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The id that {@linkcode storedId} made fit. */
export function idOf(stored: string): string {
  return stored.replaceAll(
    /\\([0-9a-f]{4})/g,
    (_, code) => String.fromCharCode(parseInt(code, 16)),
  );
}

/** A short key of an id, of hexadecimal digits: databases index no long texts. */
export function keyOf(id: string): string {
  return createHash("sha256").update(storedId(id)).digest("hex");
}
