const made: string[] = [];

// Deno tells each test file when it is done.
globalThis.addEventListener("unload", () => {
  for (const folder of made) {
    try {
      Deno.removeSync(folder, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
});

/** A folder that is gone when the tests of the file are done. */
export async function tempFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "tdro-test-" });
  made.push(folder);
  return folder;
}

/** A folder that is gone after the test. */
export async function inTempFolder(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tdro-test-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
