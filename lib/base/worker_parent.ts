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
