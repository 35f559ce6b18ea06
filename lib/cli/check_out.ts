import { basename, resolve } from "node:path";
import { checkAccess } from "../base/permissions.ts";

/** A file system takes 255 bytes; what isn't whole yet has a longer name. */
const MOST_BYTES = 225;

/**
 * Refuses before the work what could not be written after it.
 *
 * @param options Options of a command; `out` is the file or folder to write.
 * @throws {RangeError} If its name is too long.
 * @throws {Deno.errors.NotCapable} If Deno may not write it.
 */
export async function checkOut({ out }: { out?: unknown }): Promise<void> {
  if (typeof out !== "string") return;
  const bytes = new TextEncoder().encode(basename(resolve(out))).length;
  if (bytes > MOST_BYTES) {
    throw new RangeError(
      `Cannot write --out: its name must have at most ${MOST_BYTES} bytes: got ${bytes}; choose a shorter one`,
    );
  }
  await checkAccess("write", out);
}
