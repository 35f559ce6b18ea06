import { wholeFile } from "./web/expected_file.ts";
import { type DownloadOptions, fetchFile } from "./web/fetch_file.ts";
import { removeRests } from "./web/part_file.ts";
import { WebFault } from "./web/web_fault.ts";

export type { DownloadOptions };

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
 * there, if the server's file is still the same. A broken or idle connection and a
 * server that is busy are tried again after a growing pause, or the one that the
 * server asks for, up to five minutes. Nothing is written beyond the size that
 * the file must have; it appears under its name only when whole and checked. One
 * of that name that fits size and hashes is left as it is.
 *
 * @param url Address.
 * @param path File to write; its folder is made if absent.
 * @param options Size, hashes, headers, progress.
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
  try {
    return await download(url, path, options);
  } catch (error) {
    if (!(error instanceof WebFault)) throw error;
    throw new RangeError(
      `Cannot download ${url}: ${withMend(error, path)}`,
      { cause: error },
    );
  }
}

/** As {@linkcode downloadFile}, with its means in the caller's hand. */
export async function download(
  url: string,
  path: string,
  options: DownloadOptions,
): Promise<Download> {
  const there = await wholeFile(path, options);
  if (there) {
    await removeRests(path);
    return { ...there, cached: true };
  }
  return { ...await fetchFile(url, path, options), cached: false };
}

/** What went wrong with a download, and what helps. */
export function withMend(
  { message, mend, status = 0 }: WebFault,
  path: string,
): string {
  if (mend) return `${message}; ${mend}`;
  if (status >= 500) return `${message}; try again later`;
  const check = status > 0 ? "check the name" : "check the network";
  return `${message}; ${check}, or put the file at ${path} by hand`;
}
