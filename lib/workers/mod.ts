/**
 * Several processes as one: sums, gathering and broadcasts between workers that an
 * MPI launcher started, on one machine or on many. All else works without.
 *
 * @example A sum over the workers; here there is one
 * ```ts
 * import { soloWorkers } from "@tdro/tdro/workers";
 * import assert from "node:assert/strict";
 *
 * const workers = soloWorkers();
 * const gradient = Float32Array.of(1, 2);
 * await workers.allReduce(gradient);
 * assert.deepEqual([...gradient], [1, 2]);
 * await workers.close();
 * ```
 *
 * @module
 */
export type { AllReduceOptions, BroadcastOptions, Workers } from "./workers.ts";
export { soloWorkers } from "./solo_workers.ts";
export { openMpi, type OpenMpiOptions } from "./mpi/open_mpi.ts";
export { addInto, fixedSum } from "./fixed_sum.ts";
export {
  bytesOf,
  floatsOf,
  hear,
  integersOf,
  type Message,
  type Payload,
  tell,
} from "./messages.ts";
export { follow, type Handlers } from "./follow.ts";
export type { ParentTerminal } from "../base/worker_parent.ts";
export { usedWorkers, useWorkers } from "./use_workers.ts";
export { Team, teamOf } from "./team.ts";
export { type OuterLauncher, outerLauncher } from "./launch/outer_launcher.ts";
export { startLocal, type StartLocalOptions } from "./launch/start_local.ts";
