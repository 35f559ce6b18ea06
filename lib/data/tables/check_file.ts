/** Whether a path leads to a file or a folder; throws if to nothing. */
export async function checkFile(path: string): Promise<"file" | "folder"> {
  try {
    return (await Deno.stat(path)).isDirectory ? "folder" : "file";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot read ${path}: there is no such file or folder`,
    );
  }
}
