import { main } from "../../lib/cli/main.ts";
import type { Io } from "../../lib/cli/io.ts";

/** An {@linkcode Io} that keeps what is printed. */
export interface Captured extends Io {
  /** Standard output so far. */
  printed: string;
  /** Standard error so far. */
  complaints: string;
}

/** An io for tests; overrides say what kind of terminal it is. */
export function captured(overrides: Partial<Io> = {}): Captured {
  const io: Captured = {
    printed: "",
    complaints: "",
    out: (text) => io.printed += text,
    err: (text) => io.complaints += text,
    terminal: false,
    color: false,
    columns: 80,
    signal: new AbortController().signal,
    ...overrides,
  };
  return io;
}

/** What one command line did. */
export interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** Runs a command line in this process. */
export async function tdro(...args: string[]): Promise<Outcome> {
  const io = captured();
  const code = await main(args, io);
  return { code, out: io.printed, err: io.complaints };
}

/** Whether the outcome is one line of complaint that the user can act on. */
export function isUserError({ code, out, err }: Outcome): boolean {
  return code === 2 && out === "" && /^error: [^\n]*Cannot [^\n]+\n$/.test(err);
}
