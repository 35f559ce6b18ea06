import { dirname } from "node:path";
import { exists } from "../files/exists.ts";
import { openLocked } from "../files/lock_path.ts";
import { refuseLink } from "../files/refuse_link.ts";
import { syncFile, syncFolder } from "../files/sync.ts";
import { type ExpectedFile, sizeOf } from "./expected_file.ts";
import { WebFault } from "./web_fault.ts";

/** Where a file lies as long as it isn't whole. */
export const partOf = (path: string) => `${path}.part`;
const tagOf = (path: string) => `${path}.part.etag`;
const lockOf = (path: string) => `${path}.part.lock`;

/** Takes the partial file for this download alone. */
export async function lockPart(path: string): Promise<AsyncDisposable> {
  const name = lockOf(path);
  const lock = await openLocked(name);
  if (!lock) {
    throw new WebFault("another download is writing the file", {
      mend: "wait until it has finished",
    });
  }
  return {
    async [Symbol.asyncDispose]() {
      // The name goes first: whoever opens it afterwards has a file of their own.
      await Deno.remove(name).catch(() => {});
      lock.close();
      await syncFolder(dirname(path)).catch(() => {});
    },
  };
}

/** Gives the partial file, which is whole, its name. */
export async function putInPlace(path: string): Promise<void> {
  await syncFile(partOf(path));
  await Deno.rename(partOf(path), path);
  await Deno.remove(tagOf(path)).catch(() => {});
  await syncFolder(dirname(path));
}

/** Removes what lies beside a whole file if its download was killed just then. */
export async function removeRests(path: string): Promise<void> {
  if (!await exists(tagOf(path)) && !await exists(lockOf(path))) return;
  const lock = await openLocked(lockOf(path));
  if (!lock) return; // someone else is at it
  await Deno.remove(tagOf(path)).catch(() => {});
  await Deno.remove(lockOf(path)).catch(() => {});
  lock.close();
}

/** Removes what is there of the file. */
export async function discard(path: string): Promise<void> {
  await Deno.remove(partOf(path)).catch(() => {});
  await Deno.remove(tagOf(path)).catch(() => {});
}

/** What is there of a file, and what makes sure that the rest fits it. */
export interface Begun {
  done: number;
  tag?: string;
}

/** What is there to go on with. */
export async function whatIsBegun(
  path: string,
  { bytes = Infinity, sha256, gitBlob }: ExpectedFile,
): Promise<Begun> {
  const done = await sizeOf(partOf(path)) ?? 0;
  const tag = await readTag(path);
  // Without its tag or a hash there is no telling whether the rest fits it.
  const fits = tag !== undefined || sha256 || gitBlob;
  return done > bytes || !fits ? { done: 0 } : { done, tag };
}

/** Keeps the tag by which the server knows whether its file is still the same. */
export async function keepTag(headers: Headers, path: string): Promise<void> {
  const tag = headers.get("etag");
  // Weak ones don't vouch for the bytes.
  const strong = tag && !tag.startsWith("W/")
    ? tag
    : headers.get("last-modified");
  if (strong && isTag(strong)) {
    await refuseLink(tagOf(path));
    await Deno.writeTextFile(tagOf(path), strong);
  } else await Deno.remove(tagOf(path)).catch(() => {});
}

async function readTag(path: string): Promise<string | undefined> {
  const tag = await Deno.readTextFile(tagOf(path)).catch(() => "");
  return isTag(tag) ? tag : undefined;
}

/** Whether a text can be sent as a header again. */
function isTag(text: string): boolean {
  return /^[ -~]{1,500}$/.test(text);
}
