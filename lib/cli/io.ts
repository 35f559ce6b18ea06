import type { ProgressEvent } from "../base/progress_event.ts";
import { env } from "../base/permissions.ts";
import { asParentLine, parentTerminal } from "../base/worker_parent.ts";

/** Where the command line reads from and writes to; a test passes its own. */
export interface Io {
  /** Writes to standard output: results only. */
  out(text: string): void;
  /** Writes to standard error: progress, notes, errors. */
  err(text: string): void;
  /** Whether standard error is a terminal, so that bars can be redrawn. */
  terminal: boolean;
  /** Whether standard output takes colours (a terminal, and no `NO_COLOR`). */
  color: boolean;
  /** Characters a line. */
  columns: number;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /**
   * Starts this command line again, as so many workers, and waits for them; absent
   * where this process isn't the command line's.
   *
   * @returns The exit code.
   */
  startWorkers?(count: number): Promise<number>;
  /** Leaves it to another process when to stop; a second Ctrl-C still counts. */
  leaveSignals?(): void;
}

/** What a command gets: {@linkcode Io} and the flags that every command has. */
export interface CommandIo extends Io {
  /** Whether results are wanted as JSON (`--json`). */
  json: boolean;
  /** Whether only results and errors are wanted (`--quiet`). */
  quiet: boolean;
  /**
   * Prints the result of the command: `value` with `--json`, else what `text`
   * makes of it.
   */
  result(value: unknown, text: () => string): void;
  /** Prints a remark to standard error, unless `--quiet`. */
  note(text: string): void;
  /** Shows the progress of some long work and gives what it ends with. */
  progress<T>(events: AsyncGenerator<ProgressEvent, T>): Promise<T>;
  /**
   * Says how the work can be taken up again, should it be interrupted; the last
   * call counts. The command line itself is printed after it.
   */
  resumeWith(hint: string): void;
}

/**
 * The process's own standard streams. The first Ctrl-C aborts `signal`, so that
 * the work can stop at a clean place; the second one ends the process. SIGTERM,
 * which schedulers send before they kill, and SIGHUP, when the terminal closes, count
 * as Ctrl-C.
 *
 * @returns Standard output and error, and a signal wired to Ctrl-C.
 */
export function terminalIo(): Io {
  const encoder = new TextEncoder();
  const parent = parentTerminal();
  const write = (
    stream: { writeSync(b: Uint8Array): number },
    text: string,
  ) => {
    let bytes = encoder.encode(parent ? asParentLine(text) : text);
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  };
  const err = (text: string) => write(Deno.stderr, text);
  const controller = new AbortController();
  let left = false;
  const stop = () => {
    // Of workers that tdro started, it alone asks for a stop, in another way.
    if (parent || controller.signal.aborted) Deno.exit(130);
    if (!left) {
      try {
        err(
          "\nstopping at the next step; press Ctrl-C again to stop at once\n",
        );
      } catch {
        // The terminal has gone; the work must stop all the same.
      }
    }
    controller.abort(new DOMException("Interrupted", "AbortError"));
  };
  if (parent) stopByParent(controller);
  Deno.addSignalListener("SIGINT", stop);
  if (Deno.build.os !== "windows") {
    Deno.addSignalListener("SIGTERM", stop);
    Deno.addSignalListener("SIGHUP", stop);
  }
  const own = {
    terminal: Deno.stderr.isTerminal(),
    color: Deno.stdout.isTerminal() && !Deno.noColor,
    get columns() {
      try {
        // A terminal that nobody has sized says 0.
        return Deno.consoleSize().columns || 80;
      } catch {
        return 80; // No terminal to ask.
      }
    },
  };
  const terminal = parent ?? own;
  return {
    out: (text) => write(Deno.stdout, text),
    err,
    terminal: terminal.terminal,
    color: terminal.color,
    get columns() {
      return terminal.columns;
    },
    signal: controller.signal,
    async startWorkers(count) {
      const { startLocal } = await import("../workers/mod.ts");
      const { signal } = controller;
      const out = (text: string) => write(Deno.stdout, text);
      const { terminal, color, columns } = own;
      return await startLocal(count, {
        signal,
        out,
        err,
        terminal: { terminal, color, columns },
      });
    },
    leaveSignals() {
      left = true;
    },
  };
}

/** Stops when the process that started the workers says so, or has gone. */
async function stopByParent(controller: AbortController): Promise<void> {
  if (env.get("PMI_RANK") !== "0") return;
  try {
    for await (const _ of Deno.stdin.readable) {
      if (controller.signal.aborted) Deno.exit(130);
      controller.abort(new DOMException("Interrupted", "AbortError"));
    }
  } catch {
    // As if it had gone.
  }
  controller.abort(new DOMException("Interrupted", "AbortError"));
}
