import type { ProgressEvent } from "../base/progress_event.ts";

/** How the work ended, for {@linkcode EventCommand.end}. */
export interface EndEvent {
  /** Whether it came to its end. */
  ok: boolean;
  /** What went wrong, otherwise. */
  error?: string;
}

/**
 * A command of the user's that gets an object of JSON a line on its standard input:
 * `{"type": "progress", …}` for each event, `{"type": "end", …}` last. It is started
 * by the shell, once. What it prints goes to standard error, as results alone go to
 * standard output. If it ends too early the work goes on without it.
 */
export class EventCommand {
  readonly #note: (text: string) => void;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #encoder = new TextEncoder();
  #gone = false;

  /**
   * @param line The command line.
   * @param note Tells the user something.
   */
  constructor(line: string, note: (text: string) => void) {
    const windows = Deno.build.os === "windows";
    this.#note = note;
    this.#child = new Deno.Command(windows ? "cmd" : "sh", {
      args: windows ? ["/c", `${line} 1>&2`] : ["-c", `exec 1>&2\n${line}`],
      stdin: "piped",
      stdout: windows ? "null" : "inherit",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
  }

  /** Tells of an event; waits until the command has read enough of those before. */
  async send(event: ProgressEvent): Promise<void> {
    await this.#write({ type: "progress", ...event });
  }

  /** Tells how the work ended, and waits for the command. */
  async end(event: EndEvent): Promise<void> {
    await this.#write({ type: "end", ...event });
    await this.#input.close().catch(() => {});
    const { code } = await this.#child.status;
    if (code !== 0 && !this.#gone) {
      this.#note(`the command of --on-event ended with code ${code}`);
    }
  }

  async #write(event: object): Promise<void> {
    if (this.#gone) return;
    try {
      await this.#input.write(
        this.#encoder.encode(`${JSON.stringify(event)}\n`),
      );
    } catch {
      this.#gone = true;
      const { code } = await this.#child.status;
      this.#note(
        `the command of --on-event ended too early, with code ${code}; ` +
          "continuing without it",
      );
    }
  }
}

/**
 * The same events, each told to a command before it goes on.
 *
 * @param events The work.
 * @param command Who is told.
 */
export async function* telling<T>(
  events: AsyncGenerator<ProgressEvent, T>,
  command: EventCommand,
): AsyncGenerator<ProgressEvent, T> {
  try {
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value;
      await command.send(next.value);
      yield next.value;
    }
  } finally {
    // Where it was left between two events, the work's own `finally` must run.
    await events.return(undefined as T);
  }
}
