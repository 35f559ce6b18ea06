import { basename, dirname, join, resolve } from "node:path";
import { exists } from "../../base/exists.ts";

/**
 * Writes a folder that appears under its name only when whole; what was there is
 * kept until then.
 */
export async function writeFolder(
  folder: string,
  { overwrite, what, fill }: {
    /** Whether a folder that is there already may be replaced. */
    overwrite: boolean;
    /** What it is, for the error if it may not. */
    what: string;
    /** Writes the contents into the folder that becomes the wanted one. */
    fill(partial: string): Promise<void>;
  },
): Promise<void> {
  const target = resolve(folder);
  if (!overwrite && await exists(target)) {
    throw new RangeError(
      `Cannot write ${what}: the folder is there already; remove it, choose another, or set overwrite`,
    );
  }
  const sibling = (what: string) =>
    join(
      dirname(target),
      `.${basename(target)}.${crypto.randomUUID().slice(0, 8)}.${what}`,
    );
  const partial = sibling("partial");
  try {
    await fill(partial);
    if (await exists(target)) {
      // A folder can't be renamed onto another one that holds something.
      const old = sibling("old");
      await Deno.rename(target, old);
      await Deno.rename(partial, target);
      await Deno.remove(old, { recursive: true });
    } else {
      await Deno.rename(partial, target);
    }
  } catch (error) {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
    throw error;
  }
}
