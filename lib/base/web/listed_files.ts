import { shown } from "../shown.ts";

/** A file that the hub lists. */
export interface HubFile {
  /** Path in the repository. */
  path: string;
  /** Size. */
  bytes: number;
  /** SHA-256 in hex, where the hub knows one (large files). */
  sha256?: string;
  /** Git's id of the content in hex, of the other files. */
  gitBlob?: string;
}

/**
 * The files among a list's entries that are wanted. Of those nothing is taken on
 * trust: a path must stay in the folder, and there must be a size and a hash.
 *
 * @param entries What the hub lists.
 * @param wanted Whether a path is.
 * @throws {SyntaxError} If a wanted entry can't be trusted; the message is a clause.
 */
export async function listedFiles(
  entries: AsyncIterable<unknown>,
  wanted: (path: string) => boolean,
): Promise<HubFile[]> {
  const files: HubFile[] = [];
  const names = new Map<string, string>();
  for await (const entry of entries) {
    if (!isFile(entry) || !wanted(entry.path)) continue;
    checkPath(entry.path);
    const name = entry.path.normalize("NFC").toLowerCase();
    const same = names.get(name);
    if (same !== undefined) {
      throw new SyntaxError(
        same === entry.path
          ? `lists ${shown(same)} twice`
          : `lists ${shown(same)} and ${
            shown(entry.path)
          }, which are one file on some machines`,
      );
    }
    names.set(name, entry.path);
    files.push(checkedFile(entry));
  }
  return files;
}

/** What a list says of a file, none of it checked but the path's kind. */
interface Entry {
  path: string;
  size?: unknown;
  oid?: unknown;
  lfs?: unknown;
}

/** Longer paths are no file's: looking for a pattern in them takes long. */
const LONGEST_PATH = 1000;

function isFile(entry: unknown): entry is Entry {
  return isRecord(entry) && entry.type === "file" &&
    typeof entry.path === "string" && entry.path.length <= LONGEST_PATH;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** A value as text, if it is a simple one. */
function textOf(value: unknown): string {
  return typeof value === "object" ? "" : String(value);
}

/** Throws unless a path names a file inside the folder, on any system. */
function checkPath(path: string): void {
  const parts = path.split("/");
  const outside = parts.some((part) => ["", ".", ".."].includes(part)) ||
    /^[A-Za-z]:|\\/.test(path);
  if (outside) {
    throw new SyntaxError(`lists a file outside the folder: ${shown(path)}`);
  }
  if (/\p{Cc}/u.test(path) || !path.isWellFormed()) {
    throw new SyntaxError(
      `lists a file with control characters in its name: ${shown(path)}`,
    );
  }
}

function checkedFile({ path, size, oid, lfs }: Entry): HubFile {
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    throw new SyntaxError(
      `lists ${shown(path)} with a size of ${shown(textOf(size))}`,
    );
  }
  const bytes = size as number;
  if (isRecord(lfs)) {
    const sha256 = textOf(lfs.oid).replace(/^sha256:/, "").toLowerCase();
    if (/^[0-9a-f]{64}$/.test(sha256)) return { path, bytes, sha256 };
  } else if (/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(textOf(oid))) {
    return { path, bytes, gitBlob: textOf(oid).toLowerCase() };
  }
  throw new SyntaxError(`lists ${shown(path)} without a hash to check it by`);
}
