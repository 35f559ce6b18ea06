import { exists } from "../../base/exists.ts";

/**
 * Lets `write` fill a folder that appears under its name only when whole.
 *
 * @param folder Name; there must be nothing of that name yet.
 * @param write Fills the folder that it is given.
 */
export async function newFolder(
  folder: string,
  write: (partial: string) => Promise<void>,
): Promise<void> {
  if (await exists(folder)) {
    throw new RangeError(
      `Cannot write ${folder}: there is something of that name; choose another --out`,
    );
  }
  const partial = `${folder}.${crypto.randomUUID().slice(0, 8)}.partial`;
  try {
    await write(partial);
    await Deno.rename(partial, folder);
  } finally {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
  }
}
