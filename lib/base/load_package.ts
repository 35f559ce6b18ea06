/**
 * Loads a package that tdro itself doesn't need: nobody downloads it who doesn't
 * call this.
 *
 * @param specifier Name with its version, and perhaps a path.
 * @param what What it is called, for the message.
 * @throws {RangeError} If it isn't there and can't be fetched.
 */
export async function loadPackage(
  specifier: string,
  what: string,
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  try {
    return await import(specifier);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : error;
    throw new RangeError(
      `Cannot load ${what}: ${specifier} must be there: ${why}; run "deno cache ${specifier}"`,
    );
  }
}
