/**
 * Runs a command line twice at once, for each of some places: the second begins when
 * the first is at its Nth call that changes or opens a file or folder, and the first
 * goes on when the second is done, or waits. Prints a line of JSON for each place,
 * with what the two came to; for place 0, where there is but one, how many calls.
 *
 * Usage: deno run -A _meet.ts PATH FOLDER… -- WORD…, folders being named by places
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { basename } from "node:path";
import { type Ended, runWords } from "./_run_words.ts";

const end = Deno.args.indexOf("--");
const [path, ...folders] = Deno.args.slice(0, end) as [string, ...string[]];
const words = Deno.args.slice(end + 1);

/** Milliseconds after which the second is taken to wait for the first. */
const PATIENCE = 300;

const running = new AsyncLocalStorage<"first" | "second">();
let place = 0;
let calls = 0;
let second: Promise<Ended> | undefined;

async function meet(): Promise<void> {
  second = running.run("second", () => runWords(words));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise((done) => timer = setTimeout(done, PATIENCE));
  await Promise.race([second, patience]);
  clearTimeout(timer);
}

// deno-lint-ignore no-explicit-any
type AnyFunction = (...args: any[]) => any;

function wrap(owner: object, name: string): void {
  const functions = owner as Record<string, AnyFunction>;
  const original = functions[name]!;
  functions[name] = async function (this: unknown, ...args: unknown[]) {
    if (running.getStore() === "first" && ++calls === place) await meet();
    return await original.apply(this, args);
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
    "open",
  ]
) wrap(Deno, name);
for (const name of ["write", "sync", "syncData", "tryLock"]) {
  wrap(Deno.FsFile.prototype, name);
}

for (const folder of folders) {
  await Deno.rename(folder, path);
  Deno.chdir(path);
  place = Number(basename(folder));
  calls = 0;
  second = undefined;
  const ended = [await running.run("first", () => runWords(words))];
  if (second) ended.push(await (second as Promise<Ended>));
  console.log(JSON.stringify({ calls, ended }));
  await Deno.rename(path, folder);
}
