import { dirname } from "node:path";
import { makeFolder } from "./make_folder.ts";
import { nameBeside, removeLeftoversOf } from "./leftovers.ts";
import { openLocked } from "./lock_path.ts";
import { syncFolder } from "./sync.ts";

/** Characters that are gathered before they are written. */
const BUFFERED = 1 << 16;

/**
 * Writes a file so that it appears under its name only when whole: the content
 * goes to a neighbour, is synced to disk, and then takes the name, which is synced
 * too. Missing folders are made. A reader never sees half a file, and a crash leaves the
 * old one.
 *
 * @param path File to write.
 * @param content Text (written as UTF-8) or bytes, or the pieces of either in
 * order, so that a large file need not be in memory at once.
 *
 * @example Usage
 * ```ts
 * import { writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/a/note.txt`;
 * await writeWhole(path, "hello");
 * assert.equal(await Deno.readTextFile(path), "hello");
 * ```
 */
export async function writeWhole(
  path: string,
  content:
    | string
    | Uint8Array
    | Iterable<string | Uint8Array>
    | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  await makeFolder(dirname(path));
  await removeLeftoversOf(path);
  const pieces = typeof content === "string" || content instanceof Uint8Array
    ? [content]
    : content;
  const encoder = new TextEncoder();
  const partial = nameBeside(path, "partial");
  try {
    // Its lock tells that it isn't left over; it is held until the file has its name.
    using file = (await openLocked(partial))!;
    let waiting = "";
    const send = async (bytes: Uint8Array) => {
      for (let sent = 0; sent < bytes.length;) {
        sent += await file.write(bytes.subarray(sent));
      }
    };
    for await (const piece of pieces) {
      // Lines are short: a system call for each would cost more than they do.
      if (typeof piece === "string") waiting += piece;
      if (typeof piece === "string" && waiting.length < BUFFERED) continue;
      await send(encoder.encode(waiting));
      waiting = "";
      if (typeof piece !== "string") await send(piece);
    }
    await send(encoder.encode(waiting));
    await file.syncData();
    await Deno.rename(partial, path);
  } catch (error) {
    await Deno.remove(partial).catch(() => {});
    throw withPath(error, path);
  }
  await syncFolder(dirname(path));
}

/** An open file's errors don't say which file it is: adds that. */
export function withPath(error: unknown, path: string): unknown {
  if (error instanceof Error && / \(os error \d+\)$/.test(error.message)) {
    error.message += `: writefile '${path}'`;
  }
  return error;
}
