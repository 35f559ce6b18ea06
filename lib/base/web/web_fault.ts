/** More about a {@linkcode WebFault}. */
export interface WebFaultDetails {
  /** Whether another try may help. @default {false} */
  passing?: boolean;
  /** The server's status, if it refused by one. */
  status?: number;
  /** What the user can do about it, if that isn't a matter of the network. */
  mend?: string;
  /** Milliseconds that the server asks to wait before the next try. */
  waitMs?: number;
  /** What it comes from. */
  cause?: unknown;
}

/**
 * What went wrong between us and a server. Its message is a clause without what was
 * wanted and what helps: who asked knows both and makes an error of it.
 */
export class WebFault extends Error {
  /** Whether another try may help. */
  readonly passing: boolean;
  /** The server's status, if it refused by one. */
  readonly status?: number;
  /** What the user can do about it, if that isn't a matter of the network. */
  readonly mend?: string;
  /** Milliseconds that the server asks to wait before the next try. */
  readonly waitMs?: number;

  constructor(message: string, details: WebFaultDetails = {}) {
    super(message, { cause: details.cause });
    this.passing = details.passing ?? false;
    this.status = details.status;
    this.mend = details.mend;
    this.waitMs = details.waitMs;
  }
}
