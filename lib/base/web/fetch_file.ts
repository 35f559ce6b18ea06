import { refuseLink } from "../files/refuse_link.ts";
import { dirname } from "node:path";
import { makeFolder } from "../files/make_folder.ts";
import { hashFile } from "../files/hash_file.ts";
import { withPath } from "../files/write_whole.ts";
import { type Answer, ask } from "./ask.ts";
import {
  type Digest,
  type ExpectedFile,
  flawOf,
  wholeFile,
  wrong,
} from "./expected_file.ts";
import {
  type Begun,
  discard,
  keepTag,
  lockPart,
  partOf,
  putInPlace,
  whatIsBegun,
} from "./part_file.ts";
import { type Patience, retrying } from "./retry.ts";
import { checkStatus } from "./status_fault.ts";
import { WebFault } from "./web_fault.ts";

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
  await makeFolder(dirname(path));
  await using _ = await lockPart(path);
  // Whoever had the lock may have fetched it.
  return await wholeFile(path, options) ?? await fetchPart(url, path, options);
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
    await keepTag(answer.headers, path);
    await append(answer, path, { ...options, start });
  });
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
  await refuseLink(partOf(path));
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
