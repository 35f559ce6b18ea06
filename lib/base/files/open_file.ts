/**
 * Refuses what isn't a file, e.g. a named pipe, which waits for whoever writes to
 * it, or a device that never ends. Of folders the system tells. What the shell
 * hands over (`<(command)`, `/dev/stdin`) can be read to its end.
 *
 * @param path What is to be read.
 * @throws {RangeError} If it is something else.
 * @throws {Deno.errors.NotFound} If there is nothing of that name.
 */
export async function checkIsFile(path: string): Promise<Deno.FileInfo> {
  const info = await Deno.stat(path);
  const { isFile, isDirectory, isFifo } = info;
  const isHandedOver = isFifo && /^\/(dev|proc)\//.test(path);
  if (isFile || isDirectory || isHandedOver || path === "/dev/null") {
    return info;
  }
  throw new RangeError(`Cannot read ${path}: it isn't a file`);
}

/** Opens a file to read it, as {@linkcode checkIsFile} allows. */
export async function openToRead(path: string): Promise<Deno.FsFile> {
  await checkIsFile(path);
  return await Deno.open(path);
}

/** The bytes of a file, as {@linkcode checkIsFile} allows. */
export async function readBytes(
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  await checkIsFile(path);
  return await Deno.readFile(path);
}
