/**
 * The command line `tdro`: `deno run -A jsr:@tdro/tdro/cli --help`. One file a
 * command; each calls the public functions of the other rooms and prints. Flags,
 * help texts and config files come from the commands' schemas. Importing this
 * module does nothing; running it runs the command line.
 *
 * @example Usage
 * ```ts
 * import { main } from "@tdro/tdro/cli";
 * import assert from "node:assert/strict";
 *
 * let printed = "";
 * const code = await main(["--help"], {
 *   out: (text) => printed += text,
 *   err: () => {},
 *   terminal: false,
 *   color: false,
 *   columns: 80,
 *   signal: new AbortController().signal,
 * });
 * assert.equal(code, 0);
 * assert.ok(printed.includes("doctor"));
 * ```
 *
 * @module
 */
import { terminalIo } from "./io.ts";
import { main } from "./main.ts";

export { main } from "./main.ts";
export { type Io, terminalIo } from "./io.ts";

if (import.meta.main) {
  Deno.exit(await main(Deno.args, terminalIo()));
}
