import { dirname, join } from "node:path";
import { cacheFolder } from "../../base/files/cache_folder.ts";
import { hashFile } from "../../base/files/hash_file.ts";
import { env } from "../../base/permissions.ts";
import type { PinnedWheel } from "./pinned_wheels.ts";

/** What a finished command left. */
interface CommandResult {
  ok: boolean;
  text: string;
}

/** Runs a program; a missing program is a result, not an exception. */
export async function runProgram(
  program: string,
  args: string[],
  cwd?: string,
): Promise<CommandResult> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args,
      cwd,
      stdout: "piped",
      stderr: "piped",
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return {
      ok: success,
      text: (decoder.decode(stdout) + decoder.decode(stderr)).trim(),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { ok: false, text: `${program} is not installed` };
    }
    throw error;
  }
}

/** The last line that says something, shortened: enough for a one-line error. */
export function lastLine(text: string): string {
  const line = text.split("\n").map((l) => l.trim()).filter(Boolean).pop();
  return (line ?? "no output").slice(0, 300);
}

/**
 * Finds a Python that has pip. `TDRO_PYTHON` names one.
 *
 * @throws {RangeError} If there is none; the message says what to install.
 */
export async function findPython(): Promise<string> {
  const named = env.get("TDRO_PYTHON");
  const tried: string[] = [];
  for (const python of named ? [named] : ["python3", "python"]) {
    const found = await runProgram(python, ["-m", "pip", "--version"]);
    if (found.ok) return python;
    tried.push(lastLine(found.text));
  }
  throw new RangeError(
    `Cannot set up: no Python with pip (${tried.join("; ")}); install ` +
      `python3 and pip (Debian: apt-get install python3-pip), or name one by TDRO_PYTHON`,
  );
}

/** Python version to ask for, so that the user's own doesn't matter. */
const PYTHON_VERSION = "3.12";

/**
 * Downloads a wheel into the cache folder, or finds it there whole. It gets its name
 * there only once it has the SHA-256 that it must have, and is checked again when
 * it is found there later: one that isn't what it must be is fetched anew.
 *
 * @returns Path of the wheel.
 * @throws {RangeError} If pip can't fetch it, or fetches another file.
 */
export async function fetchWheel(
  python: string,
  wheel: PinnedWheel,
): Promise<string> {
  const { requirement, platforms = [], sha256 } = wheel;
  const folder = cacheFolder(
    "downloads",
    [requirement.replace(/[^\w.-]+/g, "_"), ...platforms.slice(0, 1)].join("-"),
  );
  const there = await firstWheel(folder);
  if (there && (await hashFile(there)).sha256 === sha256) return there;
  await using partial = await partialFolder(folder);
  await downloadWheel(python, wheel, partial.path);
  await checkWheel(await firstWheel(partial.path), wheel);
  await partial.finish({ replace: there !== undefined }).catch(async () => {
    // Another run was first.
    await checkWheel(await firstWheel(folder), wheel);
  });
  return (await firstWheel(folder))!;
}

/** Has pip fetch a wheel. It must not take sources: it would run what they say. */
async function downloadWheel(
  python: string,
  { requirement, platforms = [] }: PinnedWheel,
  folder: string,
): Promise<void> {
  const args = [
    "-m",
    "pip",
    "download",
    "--no-deps",
    "--only-binary=:all:",
    "--disable-pip-version-check",
    "--progress-bar",
    "off",
    "-d",
    folder,
    ...platforms.flatMap((tag) => ["--platform", tag]),
    ...(platforms.length > 0 ? ["--python-version", PYTHON_VERSION] : []),
  ];
  const got = await runProgram(python, [...args, requirement]);
  if (got.ok) return;
  throw new RangeError(
    `Cannot set up: pip could not download ${requirement}: ` +
      `${lastLine(got.text)}; check the network or pip's index settings ` +
      `and run setup again`,
  );
}

/** Throws unless a wheel is there and the one that it must be. */
async function checkWheel(
  path: string | undefined,
  { requirement, sha256 }: PinnedWheel,
): Promise<void> {
  if (path === undefined) {
    throw new RangeError(
      `Cannot set up: pip left no wheel for ${requirement}; run setup again`,
    );
  }
  const found = await hashFile(path);
  if (found.sha256 === sha256) return;
  throw new RangeError(
    `Cannot set up: the wheel of ${requirement} must have the SHA-256 ${sha256}: ` +
      `got ${found.sha256}; nothing of it is used: check pip's index settings ` +
      `and run setup again`,
  );
}

/** Removes a downloaded wheel that has served. */
export async function forgetWheel(wheel: string): Promise<void> {
  await Deno.remove(dirname(wheel), { recursive: true });
}

async function firstWheel(folder: string): Promise<string | undefined> {
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.name.endsWith(".whl")) return join(folder, entry.name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Unpacks members by prefix; Python's zipfile also checks each CRC. */
const UNPACK = `
import sys, zipfile
wheel, folder, prefixes = sys.argv[1], sys.argv[2], tuple(sys.argv[3:])
with zipfile.ZipFile(wheel) as z:
    names = [n for n in z.namelist() if n.startswith(prefixes)]
    z.extractall(folder, names)
    print(len(names))
`;
import { partialFolder } from "../../base/files/partial_folder.ts";

/**
 * Unpacks those members of a wheel whose names start with one of `prefixes`.
 * A damaged wheel is removed, so that the next run fetches it anew.
 *
 * @throws {RangeError} If the wheel is damaged or holds none of them.
 */
export async function unpackWheel(
  python: string,
  wheel: string,
  { folder, prefixes }: { folder: string; prefixes: string[] },
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const done = await runProgram(python, [
    "-c",
    UNPACK,
    wheel,
    folder,
    ...prefixes,
  ]);
  if (!done.ok || done.text === "0") {
    await Deno.remove(wheel).catch(() => {});
    throw new RangeError(
      `Cannot set up: ${wheel} can't be unpacked: ${lastLine(done.text)}; ` +
        `it was removed, run setup again (is the disk full?)`,
    );
  }
}
