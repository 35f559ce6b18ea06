import { shown } from "../shown.ts";
import type { Patience } from "./retry.ts";
import { WebFault } from "./web_fault.ts";

/** A model or data set on the hub, at one revision. */
export interface HubRepo {
  /** Kind of repository. */
  type: "model" | "dataset";
  /** Name on the hub, e.g. `"owner/name"`. */
  id: string;
  /** Branch, tag or commit. */
  revision: string;
}

/** Where and how to reach the hub. */
export interface HubOptions extends Patience {
  /**
   * Address of the hub or of a mirror. @default {`HF_ENDPOINT`, else the hub's}
   */
  endpoint?: string;
  /**
   * Access token, for what is private or gated. It is sent to the endpoint's own
   * origin only. @default {`HF_TOKEN`}
   */
  token?: string;
  /** Stops the work; downloads go on there the next time. */
  signal?: AbortSignal;
  /** What is wanted of the repository, for messages. @default {"pull"} */
  action?: "pull" | "push to";
}

/** How the hub is asked. */
export interface HubConnection extends Patience {
  /** Address, without a slash at the end. */
  endpoint: string;
  /** Access token, without the word before it. */
  token?: string;
  /** What only the endpoint may see. */
  secret?: Record<string, string>;
  /** Stops the work. */
  signal?: AbortSignal;
  /** What is wanted of the repository, for messages. */
  action: "pull" | "push to";
}

const HUB = "https://huggingface.co";

/**
 * The options with their defaults, checked.
 *
 * @throws {SyntaxError} If the address or the token isn't one.
 */
export function hubConnection(
  { id }: HubRepo,
  {
    endpoint = Deno.env.get("HF_ENDPOINT") || HUB,
    token = Deno.env.get("HF_TOKEN"),
    action = "pull",
    ...how
  }: HubOptions,
): HubConnection {
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")) {
    throw new SyntaxError(
      `Cannot ${action} ${id}: HF_ENDPOINT must be an address like ${HUB}: got ${
        shown(endpoint)
      }`,
    );
  }
  // A file that a token is read from often ends with a new line.
  const word = token?.trim() ?? "";
  if (!/^[!-~]*$/.test(word)) {
    throw new SyntaxError(
      `Cannot ${action} ${id}: HF_TOKEN must be one word of ASCII letters, digits and signs`,
    );
  }
  return {
    ...how,
    action,
    endpoint: endpoint.replace(/\/+$/, ""),
    token: word || undefined,
    secret: word ? { authorization: `Bearer ${word}` } : undefined,
  };
}

/** What a user can do where the hub can't be reached. */
const BY_HAND = { model: "the model's folder", dataset: "the files" } as const;

/** What a kind of repository is called. */
const KINDS = { model: "model", dataset: "data set" } as const;

/** The fault of a request to the hub as an error that says what to do. */
export function hubError(
  error: unknown,
  { type, id }: HubRepo,
  connection: HubConnection,
): unknown {
  if (!(error instanceof WebFault)) return error;
  const { message, mend, status } = error;
  const hub = hubName(connection);
  const said = accessProblem(error, type, connection) ??
    (mend !== undefined
      ? `${message}; ${mend}`
      : status !== undefined
      ? `${hub} answers ${status}; try again later`
      : `${hub} can't be reached (${message}); ${
        connection.action === "pull"
          ? `set HF_ENDPOINT to a mirror, or copy ${BY_HAND[type]} here by hand`
          : "try again later"
      }`);
  return new RangeError(`Cannot ${connection.action} ${id}: ${said}`, {
    cause: error,
  });
}

/** What is in the way, if the hub doesn't let one in. */
export function accessProblem(
  { status }: WebFault,
  type: HubRepo["type"],
  connection: HubConnection,
): string | undefined {
  const hub = hubName(connection);
  if (status === 403) {
    return `${hub} gives no access; accept the ${
      KINDS[type]
    }'s terms on its page, and set HF_TOKEN to a token of that account`;
  }
  if (status === 401 && connection.secret) {
    return `${hub} doesn't accept the token; check HF_TOKEN and the name`;
  }
  if (status !== 401 && status !== 404) return undefined;
  return `${hub} has no such ${
    KINDS[type]
  }, or it is private or gated; check the name, or set HF_TOKEN`;
}

/** The hub's address, without what it may hold of a password. */
export function hubName({ endpoint }: HubConnection): string {
  return endpoint === HUB ? "the hub" : endpoint.replace(/\/\/[^/]*@/, "//");
}
