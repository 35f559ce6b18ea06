/**
 * Refuses to write through a link: in a folder that came from elsewhere it may lead
 * to any file of the user's.
 *
 * @param path The file that is to be written.
 * @throws {RangeError} If it is a link.
 */
export async function refuseLink(path: string): Promise<void> {
  if (!await isLink(path)) return;
  throw new RangeError(
    `Cannot write to ${path}: it is a link to another file; remove it`,
  );
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSymlink;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
