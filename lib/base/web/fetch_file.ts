import { dirname } from "node:path";
import { lockFile } from "../folder_lock.ts";
import { gitBlobId, hashFile } from "../hash_file.ts";
import { syncFile, syncFolder } from "../sync.ts";
import { withPath } from "../write_whole.ts";
import { type Answer, ask } from "./ask.ts";
import { type Patience, retrying } from "./retry.ts";
import { checkStatus } from "./status_fault.ts";
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

/** Options for {@linkcode downloadFile}. */
export interface DownloadOptions extends ExpectedFile, Patience {
  /**
   * Sent to the address's own origin only, e.g. an access token; a redirect to
   * another one gets none of them.
   */
  headers?: Readonly<Record<string, string>>;
  /** Stops the download; it goes on there the next time. */
  signal?: AbortSignal;
  /** Called with the bytes there are so far. */
  onProgress?: (done: number) => void;
}

/** A file that is whole. */
export interface Digest {
  /** Size. */
  bytes: number;
  /** SHA-256 in hex. */
  sha256: string;
}

const partOf = (path: string) => `${path}.part`;
const tagOf = (path: string) => `${path}.part.etag`;
const lockOf = (path: string) => `${path}.part.lock`;

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

/**
 * Fetches a file beside its name, checks it and gives it the name. A piece that is
 * there already is taken up; if what was pieced together is wrong, it is fetched
 * once more in one piece.
 *
 * @throws {WebFault} If it can't be had; what is there of it stays, unless wrong.
 */
export async function fetchFile(
  url: string,
  path: string,
  options: DownloadOptions,
): Promise<Digest> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await using _ = await lockPart(path);
  // Whoever had the lock may have fetched it.
  return await wholeFile(path, options) ?? await fetchPart(url, path, options);
}

/** Takes the partial file for this download alone. */
async function lockPart(path: string): Promise<AsyncDisposable> {
  const name = lockOf(path);
  const lock = await lockFile(name);
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
    },
  };
}

async function fetchPart(
  url: string,
  path: string,
  options: DownloadOptions,
): Promise<Digest> {
  const part = partOf(path);
  for (let again = false;; again = true) {
    const pieces = { joined: false };
    const { gotOn, onProgress } = milestones(options.onProgress);
    const how = { ...options, onProgress, gotOn };
    await retrying(() => fetchRest(url, path, how, pieces), how);
    const digest = await hashFile(part);
    const flaw = await flawOf(part, digest, options);
    if (!flaw) {
      await putInPlace(path);
      return digest;
    }
    await discard(path);
    if (!pieces.joined || again) throw wrong(flaw);
  }
}

/** A good way on, in bytes: a long file may break off as often as it likes. */
const MILE = 1 << 20;

/** Whether a download got a mile further than ever since that was asked last. */
function milestones(tell: DownloadOptions["onProgress"]) {
  let [reached, mark] = [0, 0];
  return {
    onProgress(done: number): void {
      reached = Math.max(reached, done);
      tell?.(done);
    },
    gotOn(): boolean {
      const on = reached >= mark + MILE;
      if (on) mark = reached;
      return on;
    },
  };
}

/** What is wrong with a file, if anything. */
async function flawOf(
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

const wrong = (flaw: string) =>
  new WebFault(flaw, { mend: "try again, or check the mirror" });

async function putInPlace(path: string): Promise<void> {
  await syncFile(partOf(path));
  await Deno.rename(partOf(path), path);
  await Deno.remove(tagOf(path)).catch(() => {});
  await syncFolder(dirname(path));
}

/** Removes what is there of the file. */
async function discard(path: string): Promise<void> {
  await Deno.remove(partOf(path)).catch(() => {});
  await Deno.remove(tagOf(path)).catch(() => {});
}

/** What is there of a file, and what makes sure that the rest fits it. */
interface Begun {
  done: number;
  tag?: string;
}

/** Appends what is missing to the partial file. */
async function fetchRest(
  url: string,
  path: string,
  options: DownloadOptions,
  pieces: { joined: boolean },
): Promise<void> {
  const { headers, idleMs, signal, bytes } = options;
  const begun = await whatIsBegun(path, options);
  if (begun.done > 0) pieces.joined = true;
  if (begun.done > 0 && begun.done === bytes) return;
  await ask(url, {
    headers: {
      // A compressed answer has other offsets than the file.
      "accept-encoding": "identity",
      ...rangeOf(begun),
    },
    secret: headers,
    idleMs,
    signal,
  }, async (answer) => {
    const start = await startOf(answer, begun, path);
    checkLength(answer, start, bytes);
    await keepTag(answer, path);
    await append(answer, path, { ...options, start });
  });
}

async function whatIsBegun(
  path: string,
  { bytes = Infinity, sha256, gitBlob }: ExpectedFile,
): Promise<Begun> {
  const done = await sizeOf(partOf(path)) ?? 0;
  const tag = await readTag(path);
  // Without its tag or a hash there is no telling whether the rest fits it.
  const fits = tag !== undefined || sha256 || gitBlob;
  return done > bytes || !fits ? { done: 0 } : { done, tag };
}

function rangeOf({ done, tag }: Begun): Record<string, string> {
  if (done === 0) return {};
  return tag === undefined
    ? { range: `bytes=${done}-` }
    : { range: `bytes=${done}-`, "if-range": tag };
}

/** At which byte of the file the answer begins. */
async function startOf(
  answer: Answer,
  { done }: Begun,
  path: string,
): Promise<number> {
  const { status, headers } = answer;
  if (status !== 416) checkStatus(answer);
  if (status === 200) return 0;
  const range = headers.get("content-range") ?? "";
  const [, start] = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(range) ?? [];
  if (status === 206 && done > 0 && Number(start) === done) return done;
  // The next try is for the whole file.
  await discard(path);
  throw new WebFault("the server sends another part of the file than asked", {
    passing: true,
  });
}

/** Refuses an answer that says itself that it is another file. */
function checkLength(
  { headers }: Answer,
  start: number,
  bytes: number | undefined,
): void {
  const length = headers.get("content-length");
  if (bytes === undefined || length === null) return;
  const size = start + Number(length);
  if (size === bytes) return;
  const encoding = headers.get("content-encoding");
  const kind = encoding && encoding !== "identity"
    ? " in compressed form"
    : /^text\/html\b/.test(headers.get("content-type") ?? "")
    ? " of a web page"
    : "";
  throw wrong(`it must have ${bytes} bytes: got ${size}${kind}`);
}

async function append(
  { headers, chunks }: Answer,
  path: string,
  { start, bytes = Infinity, onProgress }: DownloadOptions & { start: number },
): Promise<void> {
  const length = headers.get("content-length");
  const end = length === null ? undefined : start + Number(length);
  using file = await Deno.open(partOf(path), {
    write: true,
    create: true,
    append: start > 0,
    truncate: start === 0,
  });
  let done = start;
  for await (const chunk of chunks) {
    if (done + chunk.length > bytes) {
      await discard(path);
      throw wrong(`it must have ${bytes} bytes: got more`);
    }
    await writeAll(file, chunk, path);
    done += chunk.length;
    onProgress?.(done);
  }
  const whole = Number.isFinite(bytes) ? bytes : end ?? done;
  if (done < whole) {
    throw new WebFault(
      `the connection ended after ${done} of ${whole} bytes`,
      { passing: true },
    );
  }
}

async function writeAll(
  file: Deno.FsFile,
  bytes: Uint8Array,
  path: string,
): Promise<void> {
  try {
    for (let at = 0; at < bytes.length;) {
      at += await file.write(bytes.subarray(at));
    }
  } catch (error) {
    throw withPath(error, partOf(path));
  }
}

/** Keeps the tag by which the server knows whether its file is still the same. */
async function keepTag({ headers }: Answer, path: string): Promise<void> {
  const tag = headers.get("etag");
  // Weak ones don't vouch for the bytes.
  const strong = tag && !tag.startsWith("W/")
    ? tag
    : headers.get("last-modified");
  if (strong && isTag(strong)) await Deno.writeTextFile(tagOf(path), strong);
  else await Deno.remove(tagOf(path)).catch(() => {});
}

async function readTag(path: string): Promise<string | undefined> {
  const tag = await Deno.readTextFile(tagOf(path)).catch(() => "");
  return isTag(tag) ? tag : undefined;
}

/** Whether a text can be sent as a header again. */
function isTag(text: string): boolean {
  return /^[ -~]{1,500}$/.test(text);
}

async function sizeOf(path: string): Promise<number | undefined> {
  return await Deno.stat(path).then((info) => info.size, () => undefined);
}
