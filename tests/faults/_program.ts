import assert from "node:assert/strict";
import { fromFileUrl, ROOT } from "../_paths.ts";
import type { Ended } from "./_run_words.ts";

/** What a program left. */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs one of the programs of this folder, with the cache folder `cache` in the one
 * where it runs.
 *
 * @param name Its file.
 * @param args Its arguments.
 * @param options Where it runs, and the address of the hub.
 */
export async function program(
  name: string,
  args: readonly string[],
  { cwd, hub }: { cwd: string; hub: string },
): Promise<Finished> {
  const path = fromFileUrl(new URL(name, import.meta.url));
  const flags = ["--allow-all", "--no-check", "--config", `${ROOT}deno.json`];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    cwd,
    env: { HF_ENDPOINT: hub, TDRO_CACHE: "cache" },
    args: ["run", ...flags, path, ...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/**
 * Runs a command line in one folder after the other.
 *
 * @param folders The folders.
 * @param options The command line, the path that each folder has as long as it is its
 * turn, and the address of the hub.
 */
export async function goOn(
  folders: readonly string[],
  { path, words, hub }: {
    path: string;
    words: readonly string[];
    hub: string;
  },
): Promise<Ended[]> {
  const args = [path, ...folders, "--", ...words];
  const { code, stdout, stderr } = await program("_go_on.ts", args, {
    cwd: ROOT,
    hub,
  });
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}
