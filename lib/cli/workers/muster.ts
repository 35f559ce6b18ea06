import { hostname } from "node:os";
import type { BackendName } from "../../backend/mod.ts";
import { mayUse } from "../../base/permissions.ts";
import { bytesOf, type Workers } from "../../workers/mod.ts";
import { VERSION } from "../commands/versions.ts";

/** What a worker tells of itself. */
interface Present {
  host: string;
  version: string;
  backend?: string;
  /** Why it has none. */
  error?: string;
}

/**
 * Starts the backend of every worker, and sees whether they can compute together.
 * All of them get the same answer.
 *
 * @returns Why they can't; `undefined` if they can.
 */
export async function muster(
  workers: Workers,
  backend: BackendName | "auto",
): Promise<string | undefined> {
  const text = JSON.stringify(await presence(backend));
  const told = await workers.allGather(bytesOf(new TextEncoder().encode(text)));
  const all: Present[] = told.map((bytes) =>
    JSON.parse(new TextDecoder().decode(bytes))
  );
  const [first] = all as [Present];
  for (const [rank, other] of all.entries()) {
    const who = `Cannot start worker ${rank} on ${other.host}`;
    if (other.error !== undefined) return `${who}: ${other.error}`;
    if (other.version !== first.version) {
      return `${who}: it has tdro ${other.version}, worker 0 has ${first.version}; install the same version everywhere`;
    }
    if (other.backend !== first.backend) {
      return `${who}: it computes on ${other.backend}, worker 0 on ${first.backend}; set up the same backend everywhere, or name one by --backend`;
    }
  }
}

async function presence(wanted: BackendName | "auto"): Promise<Present> {
  const here = {
    host: mayUse({ name: "sys", kind: "hostname" })
      ? hostname()
      : "this machine",
    version: VERSION,
  };
  try {
    const { useBackend } = await import("../../backend/mod.ts");
    const { name, device } = await useBackend(wanted);
    return { ...here, backend: `${name} (${device})` };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { ...here, error: said };
  }
}
