import { gitBlobId, hashFile } from "../files/hash_file.ts";
import { WebFault } from "./web_fault.ts";

/** What is known of a file before it is fetched. */
export interface ExpectedFile {
  /** Size that the file must have. @default {what the server says} */
  bytes?: number;
  /** SHA-256 that it must have, in hex. @default {not checked} */
  sha256?: string;
  /**
   * Git's id that its content must have, in hex, as hubs list it.
   * @default {not checked}
   */
  gitBlob?: string;
}

/** A file that is whole. */
export interface Digest {
  /** Size. */
  bytes: number;
  /** SHA-256 in hex. */
  sha256: string;
}

/** The file of that name, if it is what is wanted for certain. */
export async function wholeFile(
  path: string,
  expected: ExpectedFile,
): Promise<Digest | undefined> {
  const { bytes, sha256, gitBlob } = expected;
  if (bytes === undefined && !sha256 && !gitBlob) return undefined;
  const size = await sizeOf(path);
  if (size === undefined || size !== (bytes ?? size)) return undefined;
  const digest = await hashFile(path);
  return await flawOf(path, digest, expected) ? undefined : digest;
}

/** What is wrong with a file, if anything. */
export async function flawOf(
  file: string,
  digest: Digest,
  { bytes, sha256, gitBlob }: ExpectedFile,
): Promise<string | undefined> {
  if (digest.bytes !== (bytes ?? digest.bytes)) {
    return `it must have ${bytes} bytes: got ${digest.bytes}`;
  }
  if (sha256 && digest.sha256 !== sha256.toLowerCase()) {
    return `its SHA-256 must be ${sha256}: got ${digest.sha256}`;
  }
  if (!gitBlob) return undefined;
  const id = await gitBlobId(file, gitBlob);
  return id === gitBlob.toLowerCase()
    ? undefined
    : `git's id of it must be ${gitBlob}: got ${id}`;
}

/** The fault of a file that isn't the one that was expected. */
export const wrong = (flaw: string) =>
  new WebFault(flaw, { mend: "try again, or check the mirror" });

/** How long a file is; `undefined` where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return await Deno.stat(path).then((info) => info.size, () => undefined);
}
