import type { BackendName } from "../../backend/mod.ts";
import { mayUse } from "../../base/permissions.ts";
import { line } from "../../base/printable.ts";
import {
  openMpi,
  type OuterLauncher,
  outerLauncher,
  teamOf,
  useWorkers,
  type Workers,
} from "../../workers/mod.ts";
import { EXIT } from "../fail.ts";
import type { Io } from "../io.ts";
import { muster } from "./muster.ts";

/** What {@linkcode enlist} needs to know of a command line. */
export interface EnlistOptions {
  /** Processes that are wanted. */
  workers?: number | undefined;
  /** What they compute with. */
  backend?: BackendName | "auto" | undefined;
}

/** What this process is to do. */
export type Enlisted =
  /** The command, alone or leading others; `leave` when all is said. */
  | { leads: true; leave?: () => Promise<void>; note?: string }
  /** Nothing more: it has followed, or waited for others. */
  | { leads: false; code: number };

/**
 * Finds out what this process is: alone, the one that starts workers, or one of
 * them. One that follows has done so when this returns.
 */
export async function enlist(
  { workers: wanted, backend = "auto" }: EnlistOptions,
  io: Io,
): Promise<Enlisted> {
  const launcher = outerLauncher();
  if (wanted === 1 || (launcher === undefined && wanted === undefined)) {
    return { leads: true };
  }
  if (launcher === undefined) {
    if (!io.startWorkers) {
      throw new RangeError(
        "Cannot start workers: only the command line starts processes",
      );
    }
    return { leads: false, code: await io.startWorkers(wanted!) };
  }
  try {
    checkCount(wanted, launcher);
    const workers = await openMpi({
      expected: launcher.size,
      underSystem: !launcher.ours,
    });
    if (launcher.ours) takeOwnGpu(workers.rank);
    if (workers.rank > 0) return await follows(workers, { backend, io });
    return await leads(workers, backend);
  } catch (error) {
    // Worker 0 says it for all.
    if (launcher.rank > 0) return { leads: false, code: EXIT.user };
    throw error;
  }
}

function checkCount(
  wanted: number | undefined,
  { size }: OuterLauncher,
): void {
  if (wanted === undefined || wanted === size) return;
  throw new RangeError(
    `Cannot start workers: --workers must be the number of processes that the launcher started, ${size}, or be left out: got ${wanted}`,
  );
}

/** Of several on one machine each takes a GPU of its own, if there are any. */
function takeOwnGpu(rank: number): void {
  const variable = "CUDA_VISIBLE_DEVICES";
  if (!mayUse({ name: "env", variable }) || Deno.env.get(variable)) return;
  Deno.env.set(variable, `${rank}`);
}

async function leads(
  workers: Workers,
  backend: BackendName | "auto",
): Promise<Enlisted> {
  const refused = await muster(workers, backend);
  if (refused) {
    await workers.close();
    throw new RangeError(refused);
  }
  useWorkers(workers);
  return {
    leads: true,
    note: line`workers: ${workers.size}, by ${workers.carrier}`,
    leave: async () => {
      useWorkers(undefined);
      await teamOf(workers).close();
    },
  };
}

async function follows(
  workers: Workers,
  { backend, io }: { backend: BackendName | "auto"; io: Io },
): Promise<Enlisted> {
  io.leaveSignals?.();
  const refused = await muster(workers, backend);
  if (refused) {
    await workers.close();
    return { leads: false, code: EXIT.user };
  }
  const { followWorker } = await import("../../train/mod.ts");
  try {
    await followWorker(workers);
    return { leads: false, code: EXIT.ok };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    io.err(line`error: worker ${workers.rank}: ${said.split("\n")[0]!}` + "\n");
    workers.abort(EXIT.user);
    return { leads: false, code: EXIT.user };
  }
}
