import { dirname } from "node:path";
import { hashFile } from "./hash_file.ts";

/** Options for {@linkcode downloadFile}. */
export interface DownloadOptions {
  /** Size that the file must have. @default {what the server says} */
  bytes?: number;
  /** SHA-256 that it must have, in hex. @default {not checked} */
  sha256?: string;
  /** Sent with each request, e.g. an access token. */
  headers?: Readonly<Record<string, string>>;
  /** Further tries after a broken connection. @default {4} */
  retries?: number;
  /** Stops the download; it goes on there the next time. */
  signal?: AbortSignal;
  /** Called with the bytes there are so far. */
  onProgress?: (done: number) => void;
}

/** What {@linkcode downloadFile} fetched. */
export interface Download {
  /** Size. */
  bytes: number;
  /** SHA-256 in hex. */
  sha256: string;
  /** Whether the file was there already and nothing was fetched. */
  cached: boolean;
}

/**
 * Fetches a file. What was begun is kept beside it as `<path>.part` and goes on
 * there, if the server's file is still the same; a broken connection is tried
 * again after a growing pause. The file appears under its name only when whole
 * and checked. One of that name that fits size and checksum is left as it is.
 *
 * @param url Address.
 * @param path File to write; its folder is made if absent.
 * @param options Size, checksum, headers, progress.
 * @throws {RangeError} If the server can't be reached or refuses, or the file
 * isn't the one expected; the message says what to do.
 *
 * @example Usage
 * ```ts
 * import { downloadFile } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/hello.txt`;
 * const { bytes } = await downloadFile("data:text/plain,hello", path);
 * assert.equal(bytes, 5);
 * assert.equal(await Deno.readTextFile(path), "hello");
 * ```
 */
export async function downloadFile(
  url: string,
  path: string,
  options: DownloadOptions = {},
): Promise<Download> {
  const { retries = 4, signal } = options;
  const there = await wholeFile(path, options);
  if (there) return { ...there, cached: true };
  await Deno.mkdir(dirname(path), { recursive: true });
  for (let tries = 0;; tries++) {
    try {
      await fetchRest(url, path, options);
      break;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof RangeError || tries >= retries) {
        throw error instanceof RangeError ? error : new RangeError(
          `Cannot download ${url}: ${
            oneLine(error)
          }; check the network, or put the file at ${path} by hand`,
          { cause: error },
        );
      }
      await pause(250 * 2 ** tries, signal);
    }
  }
  return { ...await finish(url, path, options), cached: false };
}

const partOf = (path: string) => `${path}.part`;
const tagOf = (path: string) => `${path}.part.etag`;

/** The file of that name, if it is what is wanted for certain. */
async function wholeFile(
  path: string,
  { bytes, sha256 }: DownloadOptions,
): Promise<{ bytes: number; sha256: string } | undefined> {
  if (bytes === undefined && sha256 === undefined) return undefined;
  const size = await sizeOf(path);
  if (size === undefined || (bytes !== undefined && bytes !== size)) {
    return undefined;
  }
  const { sha256: digest } = await hashFile(path);
  if (sha256 && digest !== sha256.toLowerCase()) return undefined;
  return { bytes: size, sha256: digest };
}

/** Appends what is missing to the partial file. */
async function fetchRest(
  url: string,
  path: string,
  { headers, bytes, signal, onProgress }: DownloadOptions,
): Promise<void> {
  const part = partOf(path);
  let done = await sizeOf(part) ?? 0;
  const tag = await Deno.readTextFile(tagOf(path)).catch(() => undefined);
  if (done > 0 && done === bytes) return;
  // Without its tag there is no telling whether the rest fits what is there.
  const resume = done > 0 && tag !== undefined;
  const rest: Record<string, string> = resume
    ? { range: `bytes=${done}-`, "if-range": tag }
    : {};
  const response = await fetch(url, {
    headers: {
      ...headers,
      // A compressed answer has other offsets than the file.
      "accept-encoding": "identity",
      ...rest,
    },
    signal: signal ?? null,
  });
  if (response.status === 416 && resume) {
    await response.body?.cancel();
    await Deno.remove(part);
    throw new Error("the partial file is longer than the server's");
  }
  if (!response.ok) {
    await response.body?.cancel();
    // The server is tired: worth another try.
    if (response.status >= 500 || response.status === 429) {
      throw new Error(`the server answers ${response.status}`);
    }
    throw new RangeError(
      `Cannot download ${url}: the server answers ${response.status}; check the name, or put the file at ${path} by hand`,
    );
  }
  const append = response.status === 206;
  if (!append) done = 0;
  const fresh = strongTag(response);
  if (fresh) await Deno.writeTextFile(tagOf(path), fresh);
  else await Deno.remove(tagOf(path)).catch(() => {});
  const length = response.headers.get("content-length");
  const expected = length === null ? undefined : done + Number(length);
  using file = await Deno.open(part, {
    write: true,
    create: true,
    append,
    truncate: !append,
  });
  for await (const chunk of response.body ?? []) {
    for (let at = 0; at < chunk.length;) {
      at += await file.write(chunk.subarray(at));
    }
    done += chunk.length;
    onProgress?.(done);
  }
  if (expected !== undefined && done < expected) {
    throw new Error(`the connection ended after ${done} of ${expected} bytes`);
  }
}

/** Checks the partial file and gives it its name. */
async function finish(
  url: string,
  path: string,
  { bytes, sha256 }: DownloadOptions,
): Promise<{ bytes: number; sha256: string }> {
  const part = partOf(path);
  const { bytes: size, sha256: digest } = await hashFile(part);
  const wrong = bytes !== undefined && size !== bytes
    ? `it must have ${bytes} bytes: got ${size}`
    : sha256 && digest !== sha256.toLowerCase()
    ? `its SHA-256 must be ${sha256}: got ${digest}`
    : undefined;
  if (wrong) {
    await Deno.remove(part);
    await Deno.remove(tagOf(path)).catch(() => {});
    throw new RangeError(
      `Cannot download ${url}: ${wrong}; try again, or check the mirror`,
    );
  }
  using file = await Deno.open(part, { read: true, write: true });
  await file.sync();
  await Deno.rename(part, path);
  await Deno.remove(tagOf(path)).catch(() => {});
  return { bytes: size, sha256: digest };
}

/** A tag that `If-Range` takes: weak ones don't vouch for the bytes. */
function strongTag(response: Response): string | undefined {
  const tag = response.headers.get("etag");
  if (tag && !tag.startsWith("W/")) return tag;
  return response.headers.get("last-modified") ?? undefined;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return await Deno.stat(path).then((info) => info.size, () => undefined);
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0]!.slice(0, 200);
}
