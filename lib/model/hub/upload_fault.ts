import { shown } from "../../base/shown.ts";
import { type HubConnection, hubName } from "../../base/web/hub_connection.ts";
import { WebFault } from "../../base/web/web_fault.ts";

/** An error of an upload as one that says what to do. */
export function uploadFault(
  error: unknown,
  { id, hub }: { id: string; hub: HubConnection },
): unknown {
  const why = reasonOf(error, hub);
  return why === undefined
    ? error
    : new RangeError(`Cannot push to ${id}: ${why}`, { cause: error });
}

/** What went wrong between us and the hub; nothing if it was something else. */
function reasonOf(error: unknown, hub: HubConnection): string | undefined {
  if (!(error instanceof Error)) return;
  // Ours already, or a matter of the folder.
  if (error instanceof RangeError || "code" in error) return;
  if (error instanceof WebFault) return error.message;
  const { statusCode: status } = error as { statusCode?: number };
  if (status !== undefined) {
    return REASONS[status] ?? `the hub answers ${status} (${said(error)})`;
  }
  return /sending request|connection/.test(error.message)
    ? `${hubName(hub)} can't be reached; try again later`
    : "the hub answers something that isn't what was asked for; check HF_ENDPOINT";
}

const REASONS: Readonly<Record<number, string>> = {
  401: "the hub doesn't accept the token; check HF_TOKEN",
  403: "the token may not write there; set HF_TOKEN to one with write access",
  404: "the hub has no such branch or owner; check the name and --revision",
  409:
    "somebody else has changed the repository meanwhile; look at it, and push again",
  413: "a file is larger than the hub takes",
};

function said({ message }: Error): string {
  return shown(message.split("\n")[0]!).slice(1, -1);
}
