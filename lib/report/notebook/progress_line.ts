import { printable } from "../../base/printable.ts";

/** Where a progress line goes. */
export interface ProgressLineOptions {
  /** Writes text. @default {standard error} */
  write?: (text: string) => void;
  /** Whether a line can be rewritten in place. @default {standard error is a terminal} */
  terminal?: boolean;
}

/** Least time between two lines in a terminal, and elsewhere, in ms. */
const INTERVAL = { terminal: 250, plain: 5000 };

/** Prints a line that changes: in place in a terminal, else now and then. */
export function progressLine(
  line: { toString(): string },
  {
    write = (text) => Deno.stderr.writeSync(new TextEncoder().encode(text)),
    terminal = Deno.stderr.isTerminal(),
  }: ProgressLineOptions,
): { update(): void; end(): void } {
  const interval = terminal ? INTERVAL.terminal : INTERVAL.plain;
  let due = 0, pending = false;
  const print = () => {
    const text = printable(String(line));
    write(terminal ? `\r\u001b[2K${text}` : `${text}\n`);
    due = performance.now() + interval;
    pending = false;
  };
  return {
    update() {
      pending = true;
      if (performance.now() >= due) print();
    },
    end() {
      if (pending) print();
      if (terminal) write("\n");
    },
  };
}
