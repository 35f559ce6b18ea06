import { join } from "node:path";

/**
 * Puts the files of a folder into another one, by links where the file system has
 * them. What is there already, and hidden files, are left out.
 *
 * @param from The folder.
 * @param to Where they go; made if absent.
 * @param options `but`: names in the folder itself that are left out.
 */
export async function linkTree(
  from: string,
  to: string,
  { but = [] }: { but?: readonly string[] } = {},
): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (name.startsWith(".") || but.includes(name)) continue;
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) await linkTree(source, target);
    else await linkFile(source, target);
  }
}

async function linkFile(source: string, target: string): Promise<void> {
  try {
    await Deno.link(source, target);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    await Deno.copyFile(source, target);
  }
}
