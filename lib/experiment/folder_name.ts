import { basename, dirname, join } from "node:path";
import { hasFiles } from "../base/files/has_files.ts";

/** Where a run goes that names no folder. */
export const DEFAULT_FOLDER = "runs/{suite}-{n}";

/**
 * The folder that a name with placeholders stands for: `{suite}` is the suite's
 * name, `{n}` a number. The number is that of the folder with the same run, so
 * that the same command goes on or gives the result; otherwise the next one.
 *
 * @param name Name, with or without placeholders.
 * @param options `suite`: the suite's name; `holdsSame`: whether a folder, which
 * is there, holds the same run, finished or not.
 */
export async function folderOf(
  name: string,
  { suite, holdsSame }: {
    suite: string;
    holdsSame: (folder: string) => Promise<boolean>;
  },
): Promise<string> {
  const named = name.replaceAll(
    "{suite}",
    suite.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-"),
  );
  if (!basename(named).includes("{n}")) return named;
  const parent = dirname(named);
  const numbered = (n: number) =>
    join(parent, basename(named).replace("{n}", `${n}`));
  const numbers = await numbersIn(parent, basename(named));
  for (const n of numbers) {
    if (await holdsSame(numbered(n))) return numbered(n);
  }
  let next = 1 + (numbers[0] ?? 0);
  while (next > 1 && !await hasFiles(numbered(next - 1))) next--;
  return numbered(next);
}

/** The numbers that folders of this name have, the highest first. */
async function numbersIn(parent: string, name: string): Promise<number[]> {
  const [before, after] = name.split("{n}", 2) as [string, string];
  const numbers: number[] = [];
  try {
    for await (const entry of Deno.readDir(parent)) {
      if (!entry.name.startsWith(before) || !entry.name.endsWith(after)) {
        continue;
      }
      const number = entry.name.slice(
        before.length,
        entry.name.length - after.length,
      );
      if (/^[1-9]\d{0,8}$/.test(number)) numbers.push(Number(number));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return numbers.sort((a, b) => b - a);
}
