import { refusal } from "../base/permissions.ts";

/** What the system's refusals mean, and what can be done, by error code. */
const FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space, then run the same command again",
  EDQUOT:
    "your quota of the disk is used up; free some space, then run the same command again",
  EIO:
    "the disk failed to read or write; check it, then run the same command again",
  EROFS: "the file system is read-only; choose another folder",
  EACCES: "you may not; change its permissions, or choose another place",
  EPERM: "you may not; change its permissions, or choose another place",
  EISDIR: "it is a folder where a file is expected",
  ENOTDIR: "a part of the path is a file where a folder is expected",
  ENAMETOOLONG:
    "the name is too long for the file system; choose a shorter one",
  ELOOP: "its links go in a circle",
  EFBIG:
    "the file system holds no files of that size; choose a folder on another one",
  ENOTEMPTY: "another process is writing there; wait until it has finished",
  EEXIST: "another process is writing there; wait until it has finished",
  ESTALE:
    "the network file system has lost it; mount it again, then run the same command again",
  ETIMEDOUT: "the network file system doesn't answer; try again once it does",
  ENOLCK:
    "the file system has no locks left; try again, or choose another folder",
  ENOMEM: "the system has no memory left; end other programs, then try again",
  ENODEV: "the device is gone; connect it, then run the same command again",
  ENXIO: "the device is gone, or it is a socket; choose another place",
  EXDEV: "the two places are on different file systems; choose another folder",
  EMFILE: "too many files are open; raise the limit (ulimit -n)",
  ENFILE: "too many files are open on this machine",
  EBUSY: "another program is using it",
  ETXTBSY: "another program is using it",
};

/**
 * What a refusal of the system is in one line; `undefined` for any other error. A
 * full disk or a missing permission is no bug of ours.
 */
export function systemFault(error: unknown): string | undefined {
  if (!(error instanceof Error)) return;
  const refused = refusal(error);
  if (refused !== undefined) {
    return `Cannot continue: ${refused}; tdro COMMAND --help tells what a command ` +
      "needs";
  }
  if (/\bNUL byte\b/.test(error.message)) {
    return "Cannot read or write a file: its name holds a NUL; choose another name";
  }
  const { code } = error as { code?: unknown };
  const meaning = typeof code === "string" ? FAULTS[code] : undefined;
  if (meaning === undefined) return;
  // `Is a directory (os error 21): readfile '/a/b'`, `… rename 'a' -> 'b'`
  const [, verb = "", place] = /\): (\w+) (.+)$/s.exec(error.message) ?? [];
  // Deno names no path where it checks its own permissions first.
  if (!place) return `Cannot read or write a file: ${meaning} (${code})`;
  const doing = /^(?:read|open|stat|lstat)/.test(verb) ? "read" : "write";
  const path = place.replaceAll("' -> '", " to ").replace(/^'|'$/g, "");
  return `Cannot ${doing} ${path}: ${meaning} (${code})`;
}
