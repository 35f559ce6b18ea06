import { dirname, join } from "node:path";
import type { Files } from "./_disk.ts";

/** Everything below a folder. */
export async function readFiles(root: string, below = ""): Promise<Files> {
  const files: Files = new Map();
  for await (const { name, isDirectory } of Deno.readDir(join(root, below))) {
    const path = join(below, name);
    if (isDirectory) {
      files.set(path, null);
      for (const entry of await readFiles(root, path)) files.set(...entry);
    } else files.set(path, await Deno.readFile(join(root, path)));
  }
  return files;
}

/** Writes files into a folder, which is made. */
export async function writeFiles(root: string, files: Files): Promise<void> {
  await Deno.mkdir(root, { recursive: true });
  for (const [path, bytes] of files) {
    const target = join(root, path);
    await Deno.mkdir(bytes ? dirname(target) : target, { recursive: true });
    if (bytes) await Deno.writeFile(target, bytes);
  }
}

/** Contents by path without what differs from run to run: times and dates. */
export function comparable(files: Files): Record<string, string> {
  const contents = [...files].map(([path, bytes]) => {
    if (bytes === null) return [`${path}/`, ""];
    // The page shows all times.
    if (path.endsWith("report.html")) return [path, ""];
    const text = new TextDecoder("latin1").decode(bytes)
      .replaceAll(/"seconds": ?(?:\{[^}]*\}|[\d.e-]+)/g, '"seconds"')
      .replaceAll(/"(learn|train|evaluate)": [\d.e-]+/g, '"$1"')
      .replaceAll(/"(queriesPerSecond|p50|p95)": ?[\d.e+-]+/g, '"$1"')
      // Hashes of files that hold times.
      .replaceAll(
        /"(sha256|metrics.jsonl|dev.jsonl|summary.json|towers.json)": ?"\w{64}"/g,
        '"$1"',
      )
      .replaceAll(/"(started|date)": ?"[^"]*"/g, '"$1"');
    return [path, text];
  });
  return Object.fromEntries(contents.sort(([a], [b]) => a! < b! ? -1 : 1));
}
