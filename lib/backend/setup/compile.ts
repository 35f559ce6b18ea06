import { dirname, join } from "node:path";
import { cacheFolder } from "../../base/files/cache_folder.ts";
import { lastLine, type RunProgram, runProgram } from "./run_program.ts";
import { exists } from "../../base/files/exists.ts";
import { makeFolder } from "../../base/files/make_folder.ts";
import { partialFolder } from "../../base/files/partial_folder.ts";
import { syncFile, syncFolder } from "../../base/files/sync.ts";

/** C++ files that become one library or program. */
export interface Compilation {
  /** Texts by name; all but the headers (`.h`) are compiled. */
  files: Readonly<Record<string, string>>;
  /** For the compiler; a header that they include must be one of `files`. */
  flags: readonly string[];
  /** For the linker, after the objects. */
  link: readonly string[];
  /** Name of what comes out. */
  output: string;
}

const COMPILER = Deno.build.os === "darwin" ? "clang++" : "g++";

/**
 * Compiles and links, unless the cache has it. Each object is kept by itself,
 * so a change of one file compiles one file; the name of what is kept follows
 * from texts, flags, processor and compiler.
 *
 * @param compilation What to make.
 * @param run Runs the compiler.
 * @returns Path of the output.
 * @throws {RangeError} If there is no compiler, or it fails.
 */
export async function compile(
  compilation: Compilation,
  run: RunProgram = runProgram,
): Promise<string> {
  const { files, flags, link, output } = compilation;
  const sources = Object.keys(files).filter((name) => !name.endsWith(".h"));
  // `-include` may name one of the files.
  const forced = flags.flatMap((flag) => partsOf(files, flag));
  const shared = [...flags, ...forced, processor()];
  const made = await hashOf([
    ...sources.flatMap((name) => partsOf(files, name)),
    ...shared,
    ...link,
  ]);
  const compiler = await compilerVersion(run);
  if (compiler === undefined) {
    const earlier = await builtEarlier(made, output);
    if (earlier) return earlier;
    throw new RangeError(
      `Cannot compile the native kernels: ${COMPILER} is not installed`,
    );
  }
  const folder = cacheFolder("kernels", `${made}-${await hashOf([compiler])}`);
  const path = join(folder, output);
  if (await exists(path)) return path;
  await using partial = await partialFolder(folder);
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(partial.path, name), text);
  }
  const objects = await eachOnACore(sources, async (name) => {
    const key = await hashOf([...partsOf(files, name), ...shared, compiler]);
    const object = cacheFolder("kernels", "objects", `${key}.o`);
    if (!await exists(object)) {
      const fresh = join(partial.path, `${name}.o`);
      await runCompiler([...flags, "-c", name, "-o", fresh], {
        cwd: partial.path,
        run,
      });
      await syncFile(fresh);
      await makeFolder(dirname(object));
      await Deno.rename(fresh, object);
    }
    return object;
  });
  await syncFolder(cacheFolder("kernels", "objects"));
  await runCompiler([...objects, "-o", output, ...link], {
    cwd: partial.path,
    run,
  });
  for (const name of Object.keys(files)) {
    await Deno.remove(join(partial.path, name));
  }
  // Another process may have been first; its folder is as good as ours.
  await partial.finish().catch(async (error) => {
    if (!await exists(path)) throw error;
  });
  return path;
}

/** What an object is made of: its source and the headers that it comes to. */
function partsOf(
  files: Readonly<Record<string, string>>,
  name: string,
  seen: Set<string> = new Set(),
): string[] {
  const text = files[name];
  if (text === undefined || seen.has(name)) return [];
  seen.add(name);
  const included = [...text.matchAll(/^#include "(.+)"/gm)];
  return [
    name,
    text,
    ...included.flatMap(([, header]) => partsOf(files, header!, seen)),
  ];
}

/** Eight bytes of a hash, in hexadecimal digits. */
export async function hashOf(parts: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(parts.join("\0"));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash.slice(0, 8)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Where there is no compiler (any more), what one has made still serves. */
async function builtEarlier(
  made: string,
  output: string,
): Promise<string | undefined> {
  const kernels = cacheFolder("kernels");
  if (!await exists(kernels)) return;
  for await (const { name } of Deno.readDir(kernels)) {
    const path = join(kernels, name, output);
    if (name.startsWith(`${made}-`) && await exists(path)) return path;
  }
}

async function compilerVersion(
  run: RunProgram,
): Promise<string | undefined> {
  const { ok, text } = await run(COMPILER, ["--version"]);
  return ok ? text.split("\n")[0] : undefined;
}

/** `work` of each item in order, as many at a time as there are cores. */
async function eachOnACore<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < items.length; i = next++) {
      results[i] = await work(items[i]!);
    }
  };
  await Promise.all(
    Array.from({ length: navigator.hardwareConcurrency }, lane),
  );
  return results;
}

async function runCompiler(
  args: readonly string[],
  { cwd, run }: { cwd: string; run: RunProgram },
): Promise<void> {
  const built = await run(COMPILER, args, { cwd });
  if (built.ok) return;
  const line = built.text.split("\n").find((l) => l.includes("error"));
  throw new RangeError(
    `Cannot compile the native kernels: ${lastLine(line ?? built.text)}`,
  );
}

/** What `-march=native` looks at: a cache folder may be shared by machines. */
function processor(): string {
  if (Deno.build.os !== "linux") return Deno.build.arch;
  // Deno lets only programs with all rights read /proc, but others run `cat`.
  const { stdout } = new Deno.Command("cat", { args: ["/proc/cpuinfo"] })
    .outputSync();
  return new TextDecoder().decode(stdout).split("\n\n")[0]!.split("\n")
    .filter((line) => /^(model|flags|Features|CPU)/.test(line)).join("\n");
}
