import { env } from "./permissions.ts";

/** Variable by which `tdro --workers` tells the workers of itself. */
export const WORKER_PARENT = "TDRO_WORKER_PARENT";

/** What the process that started the workers writes to. */
export interface ParentTerminal {
  /** Whether its standard error is a terminal. */
  terminal: boolean;
  /** Whether its standard output takes colours. */
  color: boolean;
  /** Characters a line. */
  columns: number;
}

/** What the parent told this worker; `undefined` if there is none. */
export function parentTerminal(): ParentTerminal | undefined {
  const text = env.get(WORKER_PARENT);
  if (!text) return;
  try {
    return JSON.parse(text);
  } catch {
    return { terminal: false, color: false, columns: 80 };
  }
}

/** What begins a line that carries a text; no text of ours has it. */
const MARK = "\x1etdro ";

/**
 * A text as a line of ASCII, as MPICH's launcher passes on nothing else whole: it
 * ends a stream at the first letter that takes two bytes.
 */
export function asParentLine(text: string): string {
  const ascii = JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${MARK}${ascii}\n`;
}

/** The text that such a line carries; any other line as it is. */
export function fromParentLine(line: string): string {
  if (!line.startsWith(MARK)) return `${line}\n`;
  try {
    return JSON.parse(line.slice(MARK.length));
  } catch {
    return `${line}\n`;
  }
}
