import { printableLines } from "../base/printable.ts";
import type { Io } from "./io.ts";

/**
 * The same streams for text that may hold names from outside (of tasks, files,
 * arguments, models): what a terminal would take for a command never gets there,
 * nor into a file that is shown on one later. Only our own help and bars, which
 * need such commands, are written to the plain streams.
 */
export function safeIo(io: Io): Io {
  return {
    ...io,
    out: (text) => io.out(printableLines(text)),
    err: (text) => io.err(printableLines(text)),
    get columns() {
      return io.columns;
    },
  };
}
