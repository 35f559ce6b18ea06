import type { Python } from "./python.ts";
import { lastLine } from "./run_program.ts";

/**
 * Unpacks members by prefix; Python's zipfile also checks each CRC. Its input ends
 * when the set-up is killed: it must not go on filling the folder then, which the
 * next set-up removes.
 */
const UNPACK = `
import os, sys, threading, zipfile
def watch():
    # Not by sys.stdin: a thread that holds its lock makes Python abort at the end.
    os.read(0, 1)
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
wheel, folder, prefixes = sys.argv[1], sys.argv[2], tuple(sys.argv[3:])
with zipfile.ZipFile(wheel) as z:
    names = [n for n in z.namelist() if n.startswith(prefixes)]
    z.extractall(folder, names)
    print(len(names), flush=True)
`;

/**
 * Unpacks those members of a wheel whose names start with one of `prefixes`.
 * A damaged wheel is removed, so that the next run fetches it anew.
 *
 * @throws {RangeError} If the wheel is damaged or holds none of them.
 */
export async function unpackWheel(
  python: Python,
  wheel: string,
  { folder, prefixes }: { folder: string; prefixes: readonly string[] },
): Promise<void> {
  const args = ["-c", UNPACK, wheel, folder, ...prefixes];
  const done = await python(args, { watched: true });
  if (!done.ok || done.text === "0") {
    await Deno.remove(wheel).catch(() => {});
    throw new RangeError(
      `Cannot set up: ${wheel} can't be unpacked: ${lastLine(done.text)}; ` +
        `it was removed, run setup again (is the disk full?)`,
    );
  }
}
