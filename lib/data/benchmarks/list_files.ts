import { compareCodePoints } from "../../base/compare_code_points.ts";
import { checkFolder } from "../beir/task_folder.ts";

/** Files below a folder, as relative paths by code point; hidden ones are left out. */
export async function listFiles(folder: string): Promise<string[]> {
  await checkFolder("benchmark folder", folder);
  const found: string[] = [];
  const walk = async (below: string) => {
    for await (const entry of Deno.readDir(`${folder}/${below}`)) {
      if (entry.name.startsWith(".")) continue;
      const path = below + entry.name;
      if (entry.isDirectory) await walk(`${path}/`);
      else found.push(path);
    }
  };
  await walk("");
  return found.sort(byNumber);
}

/** Shards in the order of their numbers: docs-2 before docs-10. */
export function byNumber(a: string, b: string): number {
  const pad = (path: string) =>
    path.replace(/\d+/g, (digits) => digits.padStart(12, "0"));
  return compareCodePoints(pad(a), pad(b));
}
