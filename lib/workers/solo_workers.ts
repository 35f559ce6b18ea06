import type { Workers } from "./workers.ts";

/**
 * One worker alone: every call gives back what it was given. With it what is made
 * for several runs on one, e.g. to give the same bits as several.
 *
 * @example Usage
 * ```ts
 * import { soloWorkers } from "@tdro/tdro/workers";
 * import assert from "node:assert/strict";
 *
 * const { rank, size, allGather } = soloWorkers();
 * assert.deepEqual([rank, size], [0, 1]);
 * assert.deepEqual(await allGather(Uint8Array.of(7)), [Uint8Array.of(7)]);
 * ```
 */
export function soloWorkers(): Workers {
  const done = () => Promise.resolve();
  return {
    rank: 0,
    size: 1,
    carrier: "this process alone",
    allReduce: done,
    allGather: (bytes) => Promise.resolve([bytes.slice()]),
    broadcast: done,
    barrier: done,
    close: done,
    abort() {},
  };
}
