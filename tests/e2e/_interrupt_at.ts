/**
 * The command line, interrupted as by Ctrl-C as soon as a log has so many lines,
 * however fast the machine is.
 *
 * Usage: deno run -A _interrupt_at.ts LINES LOG WORD…
 */
import { main, terminalIo } from "../../lib/cli/mod.ts";

const [lines, log, ...words] = Deno.args as [string, string, ...string[]];

function linesOf(path: string): number {
  try {
    return Deno.readTextFileSync(path).split("\n").length - 1;
  } catch {
    return 0; // Not there yet.
  }
}

// A command asks between two steps whether it was interrupted.
const { signal } = new AbortController();
Object.defineProperties(signal, {
  aborted: { get: () => linesOf(log) >= Number(lines) },
  reason: { value: new DOMException("Interrupted", "AbortError") },
});
Deno.exit(await main(words, { ...terminalIo(), signal }));
