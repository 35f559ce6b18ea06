import type { Io } from "./io.ts";
import { printable } from "../base/printable.ts";
import { systemFault } from "./system_fault.ts";

/** Exit codes of the command line. */
export const EXIT = { ok: 0, bug: 1, user: 2, pipe: 141, interrupted: 130 };

/**
 * Tells the user what went wrong and gives the exit code. What the user can mend
 * is one line; anything else is a bug of ours and comes with its stack.
 */
export function fail(error: unknown, io: Io, resume?: string): number {
  if (io.signal.aborted) return interrupted(io, resume);
  // The reader of our output has gone (`tdro … | head`): nobody to tell.
  if (error instanceof Deno.errors.BrokenPipe) return EXIT.pipe;
  if (isUserError(error)) {
    io.err(`error: ${oneLine(error.message)}\n`);
    return EXIT.user;
  }
  const fault = systemFault(error);
  if (fault) {
    io.err(`error: ${oneLine(fault)}\n`);
    return EXIT.user;
  }
  const stack = error instanceof Error ? error.stack ?? `${error}` : `${error}`;
  io.err(`${stack}\nThis is a bug in tdro: please report it with the above\n`);
  return EXIT.bug;
}

/** Says that the work was interrupted, and how to take it up again. */
export function interrupted(io: Io, resume?: string): number {
  io.err(resume ? `interrupted; to resume: ${resume}\n` : "interrupted\n");
  return EXIT.interrupted;
}

/**
 * Whether an error is of the kind that the library throws for bad input: built-in
 * class, message with "Cannot". `TypeError` isn't among them: the engine's own
 * say "Cannot read properties of undefined".
 */
function isUserError(error: unknown): error is Error {
  const ours = error instanceof SyntaxError || error instanceof RangeError ||
    Object.values(Deno.errors).some((kind) => error instanceof kind);
  return ours && (error as Error).message.includes("Cannot");
}

function oneLine(message: string): string {
  return printable(message.replace(/\s*\n\s*/g, "; ").trim());
}
