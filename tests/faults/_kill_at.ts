/**
 * The command line, killed at the Nth call that changes a file or folder: before
 * it, or in the middle of a write. Without a kill it writes how many there were.
 *
 * Usage: deno run -A _kill_at.ts N COUNT_FILE WORD…
 */
import { main, terminalIo } from "../../lib/cli/mod.ts";

const [at, countFile, ...words] = Deno.args as [string, string, ...string[]];

let calls = 0;
const writeTextFileSync = Deno.writeTextFileSync;

/** Ends the process as a power cut would: nothing more is done. */
function die(): never {
  Deno.kill(Deno.pid, "SIGKILL");
  while (true); // The signal needs a moment.
}

/** Whether this call is the one. */
function isLast(): boolean {
  return ++calls === Number(at);
}

type AnyFunction = (...args: unknown[]) => unknown;

function wrap(owner: object, name: string): void {
  const functions = owner as Record<string, AnyFunction>;
  const original = functions[name]!;
  functions[name] = function (this: unknown, ...args: unknown[]) {
    if (isLast()) die();
    return original.apply(this, args);
  };
}

for (
  const name of [
    "mkdir",
    "remove",
    "rename",
    "writeTextFile",
    "writeFile",
    "truncate",
    "makeTempDir",
  ]
) wrap(Deno, name);

const { write } = Deno.FsFile.prototype;
Deno.FsFile.prototype.write = async function (bytes: Uint8Array) {
  if (isLast()) {
    await write.call(this, bytes.subarray(0, bytes.length >> 1));
    die();
  }
  return await write.call(this, bytes);
};

const code = await main(words, terminalIo());
writeTextFileSync(countFile, String(calls));
Deno.exit(code);
